"""The server, its two organizations, what is downloaded of them, and what an import of a file changes."""
import csv
import datetime as dt
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from zoneinfo import ZoneInfo

import awkward

ZONES = {"demo": "America/Chicago"} | dict.fromkeys(awkward.ORGANIZATIONS, awkward.ZONE)
SUBJECT = "Changed; 3 of 4"
END = dt.datetime(2026, 12, 24, 10, 15)
STATUS = "Completed"
PASSWORD = "correct-horse-battery"


@dataclass
class File:
    """A file of an organization, and what is edited in it."""

    org: str
    kind: str  # workbook, csv or export
    path: Path
    columns: list
    rows: list  # as texts, the header not among them

    def column(self, name):
        (at,) = [at for at, column in enumerate(self.columns) if column.split(" (")[0] == name]
        return at

    def edited_rows(self):
        """The places of three rows near the beginning: activities that are there and not completed."""
        status = self.column("activityStatus.name")
        rows = [at for at, row in enumerate(self.rows) if row[status].lstrip("'") not in ("", STATUS)]
        return rows[3], rows[5], rows[8]

    def edits(self):
        """(row below the header, column, value) of three cells."""
        columns = (self.column(name) for name in ("subject", "endDateTime", "activityStatus.name"))
        return list(zip(self.edited_rows(), columns, (SUBJECT, END, STATUS)))

    def meant(self):
        """What the edits are to change, by id and member."""
        ids = [self.rows[row][self.column("activityId")].lstrip("'") for row in self.edited_rows()]
        end = END.replace(tzinfo=ZoneInfo(ZONES[self.org])).isoformat(timespec="milliseconds")
        values = [("subject", SUBJECT), ("endDateTime", end), ("activityStatus", STATUS)]
        return {(id, member): value for id, (member, value) in zip(ids, values)}


@dataclass
class Outcome:
    refused: str = ""
    failed: str = ""
    meant: int = 0
    missing: list = field(default_factory=list)
    unmeant: list = field(default_factory=list)

    def is_good(self):
        return not (self.refused or self.failed or self.missing or self.unmeant)

    def __str__(self):
        if self.failed or self.refused:
            return "no file" if self.failed else "refused"
        unmeant = f", {len(self.unmeant)} unmeant" if self.unmeant else ""
        missing = f", {len(self.missing)} missing" if self.missing else ""
        return f"{self.meant} changes{missing}{unmeant}" if self.meant or unmeant or missing else "no change"

    def details(self):
        told = [*(self.failed or self.refused).split("\n"), *self.missing, *self.unmeant]
        return [re.sub(r"/\S*/", "", line)[:160] for line in told if line]


class World:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        data = folder / "data"
        command = [binary, "--data", data, "demo", "--listen", "127.0.0.1:0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "RUST_LOG": "warn"})
        try:
            told = ""
            while "Ctrl-C" not in told:
                line = server.stdout.readline()
                assert line, f"the demo does not start: {told}"
                told += line
            self.root = re.search(r"running at (http://[\w.:]+)", told)[1]
            password = re.search(r"password (\w+)", told)[1]
            self.files = self.download("demo", "maribel", password)
            for org, (texts, ids) in awkward.ORGANIZATIONS.items():
                self.add_awkward(data, org, texts, ids)
                self.files |= self.download(org, "ed", PASSWORD)
            for org in ZONES:
                path = folder / org / "export.csv"
                path.write_text(self.command(data, "export", org, "--format", "csv"), newline="")
                self.files[org, "export"] = table(org, "export", path)
            self.before = {org: self.records(data, org) for org in ZONES}
            # A server that works writes too.
            self.base = folder / "base"
            self.command(data, "backup", self.base)
        finally:
            server.terminate()
            server.wait()

    def command(self, data, *words, text=""):
        done = subprocess.run([self.binary, "--data", data, *words], capture_output=True, text=True, input=text)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def add_awkward(self, data, org, texts, ids):
        self.command(data, "org", "add", org, "--time-zone", awkward.ZONE)
        for id, name in awkward.USERS.items():
            self.command(data, "user", "add", org, "--id", str(id), "--", name)
        self.command(data, "user", "add", org, "Ed", "--id", "7", "--role", "editor")
        self.command(data, "user", "login", org, "7", "ed", "--password-stdin", text=PASSWORD + "\n")
        accounts = io.StringIO()
        csv.writer(accounts).writerows([("id", "name"), *awkward.ACCOUNTS.items()])
        self.command(data, "accounts", "import", org, "-", text=accounts.getvalue())
        lines = "".join(json.dumps(record) + "\n" for record in awkward.activities(texts, ids))
        said = self.command(data, "import", org, "-", text=lines)
        assert said.startswith(f"{len(texts) + len(ids)} created"), said

    def download(self, org, login, password):
        """Signs in to the pages and downloads workbook and CSV."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        page = browser.open(self.root + "/sign-in").read().decode()
        csrf = re.search(r'name="csrf" value="(\w+)"', page)[1]
        fields = urllib.parse.urlencode({"csrf": csrf, "org": org, "login": login, "password": password})
        browser.open(self.root + "/sign-in", fields.encode()).read()
        folder = self.folder / org
        folder.mkdir()
        for form in ("csv", "xlsx"):
            (folder / f"activities.{form}").write_bytes(browser.open(f"{self.root}/activities.{form}").read())
        files = table(org, "csv", folder / "activities.csv")
        # Both have the same rows, and the same columns up to the last but one, which only CSV has.
        workbook = File(org, "workbook", folder / "activities.xlsx", files.columns, files.rows)
        return {(org, "csv"): files, (org, "workbook"): workbook}

    def records(self, data, org):
        lines = self.command(data, "export", org, "--format", "jsonl").split("\n")
        return {str(record["activityId"]): record for record in map(json.loads, filter(None, lines))}

    def take_back(self, org, path, meant):
        """Imports a file into a copy, and compares all records."""
        with tempfile.TemporaryDirectory(dir=self.folder) as copy:
            data = Path(copy) / "data"
            shutil.copytree(self.base, data)
            tried = [
                subprocess.run([self.binary, "--data", data, "import", org, path, *options], capture_output=True, text=True)
                for options in (["--dry-run"], [])
            ]
            after = self.records(data, org)
        dry_run, import_ = tried
        assert dry_run.returncode == import_.returncode, tried
        if import_.returncode != 0:
            assert after == self.before[org], "refused, and yet something has changed"
            return Outcome(refused=import_.stderr.strip())
        outcome = compare(self.before[org], after, meant)
        if "not imported" in import_.stdout:
            outcome.unmeant.append(import_.stdout)
        return outcome


def table(org, kind, path):
    with open(path, encoding="utf-8-sig", newline="") as text:
        columns, *rows = csv.reader(text)
    return File(org, kind, path, columns, rows)


def compare(before, after, meant):
    outcome = Outcome()
    if before.keys() != after.keys():
        outcome.unmeant.append(f"other activities: {sorted(before.keys() ^ after.keys())}")
    left = dict(meant)
    for id in before.keys() & after.keys():
        old, new = before[id], after[id]
        if old == new:
            continue
        changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        members = changed - {"lastModifiedDateTime", "lastModifiedBy"}
        if not members:
            outcome.unmeant.append(f"{id} was written without a change")
        for member in members:
            value = left.pop((id, member), None)
            if value is not None and is_same(member, new.get(member), value):
                outcome.meant += 1
            else:
                outcome.unmeant.append(f"{id} {member}: {str(old.get(member))[:60]!r} -> {str(new.get(member))[:60]!r}")
    outcome.missing = [f"{id} {member}" for id, member in left]
    return outcome


def is_same(member, found, value):
    if member == "activityStatus":
        return found["name"] == value
    if member == "endDateTime":
        # Programs may write the same instant with another offset.
        return found is not None and dt.datetime.fromisoformat(found) == dt.datetime.fromisoformat(value)
    return found == value
