"""Reads a CSV file or a workbook and writes one or the other."""
import sys

import pandas

source, target, *options = sys.argv[1:]
options = {"dtype": str, "keep_default_na": False} if options == ["text"] else {}
read = pandas.read_excel if source.endswith(".xlsx") else pandas.read_csv
frame = read(source, **options)
if target.endswith(".xlsx"):
    frame.to_excel(target, index=False)
else:
    frame.to_csv(target, index=False)
