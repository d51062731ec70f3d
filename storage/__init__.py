"""TimescaleDB: migrations, COPY writer, one named query per question, and the files of DESIGN section 7."""
