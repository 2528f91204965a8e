"""The ways that a file can go through programs before it comes back."""
import csv
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable
from zoneinfo import ZoneInfo

from office import READ_UTF8, READ_UTF8_SEMICOLONS, WRITE_UTF8, WRITE_UTF8_SEMICOLONS
from world import ZONES

PROGRAMS = Path(__file__).parent / "programs"
# How people type 2026-12-24 10:15.
TYPED = {"de": "%d.%m.%Y %H:%M", "us": "%m/%d/%Y %I:%M %p"}


@dataclass
class Way:
    """A way of a kind of file through programs."""

    kind: str
    name: str
    # From (tools, file with its path, edits, an empty folder) to the path of what comes back.
    go: Callable

    def __str__(self):
        return f"{self.kind}: {self.name}"


class Tools:
    def __init__(self, folder, offices, screen):
        self.folder, self.offices, self.screen = folder, offices, screen

    def run(self, *command, locale="us", out=None):
        names = {"de": "de_DE.UTF-8", "us": "en_US.UTF-8"}
        env = {**os.environ, "LOCPATH": str(self.folder / "locales"), "LC_ALL": names[locale], "TZ": "America/Chicago"}
        done = subprocess.run(command, capture_output=True, env=env, timeout=120)
        assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))
        if out:
            out.write_bytes(done.stdout)

    def python(self, venv, program, *words):
        self.run(self.folder / venv / "bin" / "python", PROGRAMS / program, *words)

    def node(self, program, *words):
        self.run("node", self.folder / "node" / program, *words)

    def edited(self, path, edits, folder):
        """The file with edits in it, made by the most harmless program for it."""
        if not edits:
            return path
        target = folder / f"edited{path.suffix}"
        if path.suffix == ".xlsx":
            self.python("openpyxl", "edit_openpyxl.py", path, target, as_json(edits))
        else:
            edit_csv(path, edits, target, ZoneInfo(ZONES[path.parent.name]))
        return target


def as_json(edits):
    return json.dumps([(row, column, value if isinstance(value, str) else value.isoformat()) for row, column, value in edits])


def edit_csv(path, edits, target, zone):
    """Edits cells, in the form that the file has, and leaves all else as it is: the mark at the beginning, quotation marks, line ends."""
    with open(path, encoding="utf-8", newline="") as source:
        text = source.read()
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    rows = list(csv.reader(text.removeprefix(mark).splitlines(keepends=True)))
    for row, column, value in edits:
        is_local = "(" in rows[0][column]
        time = lambda: value.isoformat() if is_local else value.replace(tzinfo=zone).isoformat(timespec="milliseconds")
        rows[row + 1][column] = value if isinstance(value, str) else time()
    with open(target, "w", encoding="utf-8", newline="") as out:
        out.write(mark)
        ends = "\r\n" if mark else "\n"
        csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator=ends).writerows(rows)


def untouched(tools, path, edits, folder):
    return tools.edited(path, edits, folder)


def typed(locale):
    """LibreOffice's window: the cells are typed into it, and it saves the file."""

    def go(tools, path, edits, folder):
        target = folder / path.name
        shutil.copy(path, target)
        if not edits:
            # Something must be typed for it to save: what is there already, in the header.
            edits = [(-1, 0, "createdDateTime" if path.stem == "export" else "activityId")]
        cells = [(row + 1, column, value if isinstance(value, str) else format(value, TYPED[locale])) for row, column, value in edits]
        return tools.screen.edit(tools.offices[locale], target, cells)

    return go


def converted(locale, *steps):
    """LibreOffice without a window: each step is (form, how the file is read). Edits are made in a workbook on the way
    where there is one, else before the first step."""

    def go(tools, path, edits, folder):
        office = tools.offices[locale]
        has_workbook = any(form.startswith("xlsx") for form, _ in steps)
        if path.suffix == ".xlsx" or not has_workbook:
            path, edits = tools.edited(path, edits, folder), []
        for number, (form, reading) in enumerate(steps):
            out = folder / str(number)
            out.mkdir()
            path = office.convert(path, form, out, reading)
            if form == "xlsx":
                path, edits = tools.edited(path, edits, folder), []
        return path

    return go


def gnumeric(locale, form):
    def go(tools, path, edits, folder):
        target = folder / f"saved.{form}"
        tools.run("ssconvert", tools.edited(path, edits, folder), target, locale=locale)
        return target

    return go


def program(kind, venv_or_node, name, form, *words):
    """A program of ours around a library."""

    def go(tools, path, edits, folder):
        target = folder / f"saved.{form}"
        if name == "via_exceljs.mjs" and path.suffix == ".xlsx":
            return tools.node(name, path, target, as_json(edits)) or target
        path = tools.edited(path, edits, folder)
        if kind == "node":
            tools.node(name, path, target, *words)
        else:
            tools.python(venv_or_node, name, path, target, *words)
        return target

    return go


def prints(venv, *command):
    """A command that prints a table. {} is the file."""

    def go(tools, path, edits, folder):
        path, target = tools.edited(path, edits, folder), folder / "saved.csv"
        words = [str(path) if word == "{}" else word for word in command]
        tools.run(tools.folder / venv / "bin" / words[0], *words[1:], out=target)
        return target

    return go


def ways():
    both = ("de", "us")
    for kind in ("workbook", "csv", "export"):
        yield Way(kind, "untouched, or three cells edited and nothing else", untouched)
    for locale in both:
        for kind in ("workbook", "csv", "export"):
            yield Way(kind, f"LibreOffice {locale}, window, Ctrl+S", typed(locale))
        yield Way("workbook", f"LibreOffice {locale}, headless, .xlsx", converted(locale, ("xlsx", None)))
        yield Way("workbook", f"LibreOffice {locale}, headless, .ods", converted(locale, ("ods", None)))
        yield Way("workbook", f"LibreOffice {locale}, headless, CSV without options", converted(locale, ("csv", None)))
        yield Way("workbook", f"LibreOffice {locale}, headless, CSV in UTF-8", converted(locale, (WRITE_UTF8, None)))
        yield Way("workbook", f"LibreOffice {locale}, headless, CSV with semicolons", converted(locale, (WRITE_UTF8_SEMICOLONS, None)))
        through = f"LibreOffice {locale}, headless, .xlsx and back, "
        for kind in ("csv", "export"):
            yield Way(kind, through + "without options", converted(locale, ("xlsx", None), ("csv", None)))
            yield Way(kind, through + "UTF-8 said both times", converted(locale, ("xlsx", READ_UTF8), (WRITE_UTF8, None)))
            yield Way(kind, through + "UTF-8 said for reading", converted(locale, ("xlsx", READ_UTF8), ("csv", None)))
            yield Way(kind, through + "saved with semicolons", converted(locale, ("xlsx", READ_UTF8), (WRITE_UTF8_SEMICOLONS, None)))
            yield Way(kind, f"LibreOffice {locale}, headless, .xlsx", converted(locale, ("xlsx", READ_UTF8)))
            yield Way(kind, f"LibreOffice {locale}, headless, .ods", converted(locale, ("ods", READ_UTF8)))
        for form in ("csv", "xlsx", "ods"):
            yield Way("workbook", f"ssconvert {locale}, .{form}", gnumeric(locale, form))
        for kind in ("csv", "export"):
            for form in ("csv", "xlsx"):
                yield Way(kind, f"ssconvert {locale}, .{form}", gnumeric(locale, form))
    for form in ("xlsx", "csv"):
        yield Way("workbook", f"pandas, .{form}", program("python", "pandas", "via_pandas.py", form))
        yield Way("workbook", f"pandas, all as text, .{form}", program("python", "pandas", "via_pandas.py", form, "text"))
        yield Way("workbook", f"SheetJS, .{form}", program("node", "", "via_sheetjs.mjs", form))
        yield Way("workbook", f"exceljs, .{form}", program("node", "", "via_exceljs.mjs", form))
        for kind in ("csv", "export"):
            yield Way(kind, f"pandas, .{form}", program("python", "pandas", "via_pandas.py", form))
            yield Way(kind, f"pandas, all as text, .{form}", program("python", "pandas", "via_pandas.py", form, "text"))
            yield Way(kind, f"SheetJS, .{form}", program("node", "", "via_sheetjs.mjs", form))
            yield Way(kind, f"SheetJS, all as text, .{form}", program("node", "", "via_sheetjs.mjs", form, "text"))
            yield Way(kind, f"exceljs, .{form}", program("node", "", "via_exceljs.mjs", form))
    yield Way("workbook", "xlsx2csv", prints("xlsx2csv", "xlsx2csv", "{}"))
    yield Way("workbook", "in2csv", prints("csvkit", "in2csv", "{}"))
    for kind in ("csv", "export"):
        yield Way(kind, "DuckDB COPY", program("python", "duckdb", "csv_duckdb.py", "csv", ""))
        yield Way(kind, "DuckDB COPY, all_varchar", program("python", "duckdb", "csv_duckdb.py", "csv", ", all_varchar=true"))
        yield Way(kind, "csvsort", prints("csvkit", "csvsort", "-c", "activityId", "{}"))
        yield Way(kind, "csvsort --no-inference", prints("csvkit", "csvsort", "--no-inference", "-c", "activityId", "{}"))
        yield Way(kind, "csvsql", prints("csvkit", "csvsql", "--query", "select * from edited", "--tables", "edited", "{}"))
