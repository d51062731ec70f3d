"""The fourteen parts of the monthly report, a few a file: facts and judgements in, blocks of a page out."""
