"""COMTRADE records (IEEE C37.111-1991, -1999, -2013; IEC 60255-24): text and bytes to samples."""
