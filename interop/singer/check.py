"""Holds what a Singer target has taken from a mirror against a mirror of our own. See `run`."""
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "calendar"))
from demo import NOT_STARTED, Demo

BINARY, TOOLS = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
TARGET = TOOLS / "target-jsonl" / "bin" / "target-jsonl"
COLUMNS = ["activity_id", "subject", "note", "client_id", "system_user_id", "activity_status_id"]


def ok(text):
    print(f"ok  {text}", flush=True)


def mirror(demo, folder, to):
    (folder / "key").write_text(demo.key + "\n")
    return [BINARY, "mirror", "run", "--from", demo.root, "--org", "demo", "--key-file",
            folder / "key", *to]


def singer(demo, folder, reader):
    """One run, piped into a reader whose output is appended to the states; the exit codes of both."""
    command = mirror(demo, folder, ["--to", "singer:-", "--state", folder / "states"])
    with open(folder / "states", "ab") as states:
        running = subprocess.Popen(command, stdout=subprocess.PIPE)
        reading = subprocess.Popen(reader, stdin=running.stdout, stdout=states, cwd=folder)
        running.stdout.close()
        return running.wait(), reading.wait()


def taken(folder):
    """What the lines of the target come to, one after the other."""
    rows = {}
    for line in (folder / "out" / "activity.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["_sdc_deleted_at"]:
            rows.pop(row["activity_id"], None)
        else:
            rows[row["activity_id"]] = [row[column] for column in COLUMNS]
    return rows


def truth(demo, folder):
    command = mirror(demo, folder, ["--to", f"sqlite:{folder}/crm.db"])
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(folder / "crm.db") as database:
        rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM activity").fetchall()
    return {row[0]: list(row) for row in rows}


def compare(demo, folder, what):
    found, expected = taken(folder), truth(demo, folder)
    assert found == expected, (what, {id for id in found.keys() | expected.keys()
                                      if found.get(id) != expected.get(id)})
    ok(f"{what}: {len(found)} activities")


def change(demo, round):
    """Creates, edits and removes some."""
    known = sorted(truth_ids(demo))
    for id in known[round:200:7]:
        demo.write("updateActivity", activityId=id, subject=f"changed in round {round}")
    for id in known[round + 3:200:31]:
        demo.remove(id)
    for number in range(5):
        demo.write("createActivity", subject=f"new in round {round}, {number}",
                   clientId=1, startDateTime="2026-11-30T09:00:00-06:00",
                   **{"activityStatus.id": NOT_STARTED, "activityPriority": "Normal"})


def truth_ids(demo):
    (answer,) = demo.api("account/syncActivities", {
        "userSessionId": demo.session, "syncActivityTimeFrom": "2000-01-01T00:00:00Z",
        "page.pageSize": "200"}).values()
    return [record["activityId"] for record in answer["activities"]["activity"]]


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "out").mkdir()
        (folder / "config.json").write_text(
            json.dumps({"destination_path": "out", "do_timestamp_file": False}))
        target = [TARGET, "--config", "config.json"]
        with Demo(str(BINARY), str(folder / "demo")) as demo:
            assert singer(demo, folder, ["head", "-c", "50000"])[0] == 1
            (folder / "states").write_text("")
            ok("a target that ends early ends the run")
            assert singer(demo, folder, target) == (0, 0)
            compare(demo, folder, "the first load")
            for round in (1, 2):
                change(demo, round)
                # The target has gone before it has stored anything.
                singer(demo, folder, ["true"])
                assert singer(demo, folder, target) == (0, 0)
                compare(demo, folder, f"round {round}")


main()
