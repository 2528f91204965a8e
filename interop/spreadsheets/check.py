"""Passes tables of activities through programs, and imports what comes back. See `run`."""
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from known import allowed
from office import LOCALES, Office, Screen
from routes import Tools, ways
from world import ZONES, Outcome, World

BINARY, TOOLS = sys.argv[1], Path(sys.argv[2])
WORDS = sys.argv[3:]

AT_ONCE = 4
# How much is shown of what is wrong.
LINES = 4
# Keys get lost where the machine is busy.
TRIES = 3


def tried(way, world, tools, org, is_edited, folder):
    """What becomes of the organization when a file of it has gone that way and is imported."""
    file = world.files[org, way.kind]
    edits, meant = (file.edits(), file.meant()) if is_edited else ([], {})
    try:
        path = way.go(tools, file.path, edits, Path(tempfile.mkdtemp(dir=folder)))
    except Exception as error:  # a program's fault in whatever form
        return Outcome(failed=f"{type(error).__name__}: {str(error)[-300:]}")
    return world.take_back(org, path, meant)


def check(way, world, tools, folder):
    """One row of the table: the outcome for each organization, untouched and edited. Whether all is well."""
    cells, lines, is_fine = [], [], True
    for org in ZONES:
        for is_edited in (False, True):
            for _ in range(TRIES if "window" in way.name else 1):
                outcome = tried(way, world, tools, org, is_edited, folder)
                if outcome.is_good():
                    break
            why = None if outcome.is_good() else allowed(str(way), org, outcome)
            cells.append(f"{outcome}{f' [{why}]' if why else ''}")
            if not outcome.is_good() and not why:
                is_fine = False
                lines += [f"    {org}: {line}" for line in outcome.details()[:LINES]]
    row = f"{'ok ' if is_fine else 'BAD'} {way} | {' | '.join(cells)}"
    print("\n".join([row, *lines]), flush=True)
    return is_fine


def main():
    # As in the examples of the documentation; the organizations are of two zones.
    os.environ["TZ"] = "America/Chicago"
    os.environ.pop("LC_ALL", None)
    with tempfile.TemporaryDirectory(prefix="driftless-spreadsheets-") as name, Screen() as screen:
        folder = Path(name)
        world = World(BINARY, folder)
        tools = Tools(TOOLS, {locale: Office(folder, locale) for locale in LOCALES}, screen)
        print("way | " + " | ".join(f"{org}, {form}" for org in ZONES for form in ("untouched", "edited")))
        chosen = [way for way in ways() if all(word in str(way) for word in WORDS)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            bad = sum(not is_fine for is_fine in pool.map(lambda way: check(way, world, tools, folder), chosen))
    if bad:
        sys.exit(f"{bad} ways lead to refusals or changes that nobody meant and that are not known")
    print("all good")


main()
