"""Sets PocketBase up.

fill_pocketbase.py create BASE PASSWORD   the collection, through a server's API
fill_pocketbase.py fill FOLDER CSV        the records, while no server runs on the folder
"""

import csv
import json
import sqlite3
import sys
import urllib.request

TEXTS = ["subject", "note", "status_name", "priority", "created_by", "modified_by"]
NUMBERS = ["client_id", "system_user_id", "status_id"]
TIMES = ["start_time", "end_time"]
COLUMNS = [
    "id", "subject", "note", "start_time", "end_time", "client_id", "system_user_id", "status_id",
    "status_name", "priority", "created", "created_by", "modified", "modified_by",
]  # as in the file


def create(base, password):
    def post(path, what, token=""):
        headers = {"Content-Type": "application/json", "Authorization": token}
        request = urllib.request.Request(base + path, json.dumps(what).encode(), headers)
        return json.load(urllib.request.urlopen(request))

    login = {"identity": "bench@example.com", "password": password}
    token = post("/api/collections/_superusers/auth-with-password", login)["token"]
    fields = [{"name": name, "type": "text"} for name in TEXTS]
    fields += [{"name": name, "type": "number"} for name in NUMBERS]
    fields += [{"name": name, "type": "date"} for name in TIMES]
    fields += [
        {"name": "created", "type": "autodate", "onCreate": True},
        {"name": "modified", "type": "autodate", "onCreate": True, "onUpdate": True},
    ]
    collection = {
        "name": "activities", "type": "base", "fields": fields,
        "indexes": ["CREATE INDEX activities_modified ON activities (modified)"],
    }
    post("/api/collections", collection, token)


def fill(folder, path):
    def row(line):
        record = dict(zip(COLUMNS, line))
        record["id"] = record["id"].zfill(15)  # as long as PocketBase's own
        for name in TIMES + ["created", "modified"]:
            record[name] = record[name].replace("T", " ")
        return tuple(record.values())

    database = sqlite3.connect(folder + "/data.db")
    marks = ", ".join("?" * len(COLUMNS))
    with database, open(path, newline="", encoding="utf-8") as lines:
        rows = map(row, csv.reader(lines))
        database.executemany(f"INSERT INTO activities ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
    database.execute("ANALYZE")
    database.close()


{"create": create, "fill": fill}[sys.argv[1]](*sys.argv[2:])
