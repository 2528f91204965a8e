"""Edits cells of a workbook, given as JSON: [[row below the header, column, text or time], …]."""
import datetime as dt
import json
import sys

import openpyxl

source, target, edits = sys.argv[1:]
workbook = openpyxl.load_workbook(source)
sheet = workbook.worksheets[0]
for row, column, value in json.loads(edits):
    is_time = len(value) == 19 and value[10] == "T"
    sheet.cell(row + 2, column + 1).value = dt.datetime.fromisoformat(value) if is_time else value
workbook.save(target)
