"""Reads a CSV file and writes it again."""
import sys

import duckdb

source, target, options = sys.argv[1:]
connection = duckdb.connect()
connection.execute(f"COPY (SELECT * FROM read_csv('{source}'{options})) TO '{target}' (HEADER)")
