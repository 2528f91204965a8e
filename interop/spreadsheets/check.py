"""Passes tables of activities through programs, and imports what comes back. See `run`."""
import os
import sys
import tempfile
import time
from pathlib import Path

from office import LOCALES, Office, Screen
from routes import Tools, ways
from world import ZONES, Outcome, World

BINARY, TOOLS = sys.argv[1], Path(sys.argv[2])
WORD = sys.argv[3] if len(sys.argv) > 3 else ""


def main():
    os.environ["TZ"] = "America/Chicago"
    os.environ.pop("LC_ALL", None)
    results = []
    with tempfile.TemporaryDirectory(prefix="driftless-spreadsheets-") as name, Screen() as screen:
        folder = Path(name)
        world = World(BINARY, folder)
        tools = Tools(TOOLS, {locale: Office(folder, locale) for locale in LOCALES}, screen)
        for way in ways():
            if WORD not in str(way):
                continue
            for org in ZONES:
                for edited in (False, True):
                    begun = time.monotonic()
                    file = world.files[org, way.kind]
                    work = Path(tempfile.mkdtemp(dir=folder))
                    try:
                        path = way.go(tools, file.path, file.edits() if edited else [], work)
                        outcome = world.take_back(org, path, file.meant() if edited else {})
                    except Exception as error:
                        outcome = Outcome(refused=f"failed: {type(error).__name__} {str(error)[-1500:]}")
                    keep = os.environ.get("KEEP")
                    if keep and not outcome.is_good():
                        import shutil
                        shutil.copy(path, f"{keep}/{str(way).replace('/', '')[:70]}-{org}-{edited}{path.suffix}")
                    took = time.monotonic() - begun
                    print(f"{'ok ' if outcome.is_good() else '---'} {way} | {org} {'edited' if edited else ''} | {outcome} ({took:.1f} s)", flush=True)
                    if outcome.refused:
                        print("      " + outcome.refused[:1200].replace("\n", "\n      "))
                    for line in (outcome.missing[:5] + outcome.unmeant[:int(os.environ.get('SHOWN', 8))]):
                        print("      " + line)
                    results.append((way, org, edited, outcome))


main()
