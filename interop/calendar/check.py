"""Holds the calendar feed of a demo against programs that read calendars. See `run`."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from demo import Demo, awkward

BINARY, TOOLS = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
READERS = pathlib.Path(__file__).parent / "readers"


def ok(text):
    print(f"ok  {text}", flush=True)


def fetch(address, tag=None):
    """Status, tag and body."""
    request = urllib.request.Request(address, headers={"If-None-Match": tag} if tag else {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers["ETag"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["ETag"], error.read()


def python(name):
    return [TOOLS / name / "bin" / "python", READERS / f"read_{name}.py"]


COMMANDS = {
    "icalendar": python("icalendar"),
    "ics": python("ics"),
    "ical.js": ["node", TOOLS / "node" / "read_icaljs.mjs"],
    "node-ical": ["node", TOOLS / "node" / "read_nodeical.mjs"],
}


def as_read(reader, text):
    """What a reader is known to make of a text: two of them take an n after a backslash for a line break."""
    return text.replace("\\n", "\\\n") if reader in ("ics", "node-ical") else text


def compare(reader, events, expected):
    found = {event["uid"]: event for event in events}
    assert len(found) == len(events), f"{reader}: an entry comes twice"
    assert found.keys() == expected.keys(), f"{reader}: {found.keys() ^ expected.keys()}"
    for uid, wanted in expected.items():
        event = found[uid]
        for member in ("start", "end"):
            assert event[member] == wanted[member], (reader, uid, member, event, wanted)
        title, note = as_read(reader, wanted["title"]), as_read(reader, wanted["note"])
        assert event["title"] == title, (reader, uid, event, wanted)
        if "description" in event:
            first = event["description"].split("\n")[0]
            assert first == f"Status: {wanted['status']}", (reader, uid, event)
            is_whole = 0 < len(wanted["note"]) <= 1000
            if is_whole:
                assert event["description"].endswith("\n\n" + note), (reader, uid, event, wanted)


def read_by_all(body, expected, what):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "feed.ics")
        pathlib.Path(path).write_bytes(body)
        for reader, command in COMMANDS.items():
            # In whatever zone the reader's machine is.
            for zone in ("UTC", "America/Chicago"):
                env = {**os.environ, "TZ": zone}
                done = subprocess.run([*command, path], capture_output=True, text=True, env=env)
                assert done.returncode == 0, f"{reader}: {done.stderr}"
                compare(reader, json.loads(done.stdout), expected)
            ok(f"{reader} reads {len(expected)} entries of {what}")


class Vdirsyncer:
    """A folder that follows the feed."""

    def __init__(self, folder, address):
        self.vdir, self.config = folder / "vdir", folder / "vdirsyncer.conf"
        self.vdir.mkdir()
        self.config.write_text(
            f'[general]\nstatus_path = "{folder}/status/"\n'
            '[pair feed]\na = "remote"\nb = "local"\ncollections = null\n'
            f'[storage remote]\ntype = "http"\nurl = "{address}"\n'
            f'[storage local]\ntype = "filesystem"\npath = "{self.vdir}"\nfileext = ".ics"\n'
        )
        self.run("discover")

    def run(self, *words):
        program = TOOLS / "vdirsyncer" / "bin" / "vdirsyncer"
        return subprocess.run([program, "-c", self.config, *words], capture_output=True, text=True, input="y\n")

    def sync(self, *words):
        done = self.run("sync", *words)
        assert done.returncode == 0, done.stderr
        return self.files()

    def files(self):
        """Name, content and time of writing of each."""
        return {
            path.name: (path.read_bytes().decode(), path.stat().st_mtime_ns)
            for path in self.vdir.iterdir()
        }


def property_of(content, name):
    """The value of a property that a file has once, in its one event."""
    lines = content.replace("\r\n", "\n").replace("\n ", "").split("\n")
    assert lines.count("BEGIN:VEVENT") == 1, content
    (value,) = [line.split(":", 1)[1] for line in lines if line.startswith(name + ":")]
    return value


def uid_of(content):
    """The feed's UID. vdirsyncer gives what it reads by HTTP names of its own, made from the content."""
    return f"activity-{property_of(content, 'URL').rsplit('/')[-1]}@demo.driftless"


def number_of(uid):
    return uid.split("@")[0].removeprefix("activity-")


def check_vdirsyncer(demo, address, folder):
    syncer = Vdirsyncer(folder, address)
    files = syncer.sync()
    expected = demo.expected()
    names = {uid_of(content): name for name, (content, _) in files.items()}
    assert names.keys() == expected.keys(), names.keys() ^ expected.keys()
    assert len(names) == len(files)
    ok(f"vdirsyncer splits it into {len(files)} files")
    assert syncer.sync() == files
    ok("vdirsyncer writes nothing where nothing has changed")

    changed, removed = sorted(names)[:2]
    demo.write("updateActivity", activityId=number_of(changed), subject="Changed since")
    demo.remove(number_of(removed))
    after = syncer.sync()
    gone, new = files.keys() - after.keys(), after.keys() - files.keys()
    assert gone == {names[changed], names[removed]} and len(new) == 1
    assert all(after[name] == files[name] for name in files.keys() - gone)
    content = after[new.pop()][0]
    assert (uid_of(content), property_of(content, "SUMMARY")) == (changed, "Changed since")
    ok("vdirsyncer follows one change and one removal, and touches nothing else")
    return syncer


def check_khal(syncer, body, folder, expected):
    given = {property_of(content, "UID"): uid_of(content) for content, _ in syncer.files().values()}
    # Separators that no text of the feed has.
    form = "{uid}\x02{title}\x02{start-long-full}\x02{end-long-full}\x03"
    for way in ("folder", "import"):
        calendar = syncer.vdir if way == "folder" else folder / "imported"
        calendar.mkdir(exist_ok=True)
        config = folder / f"khal-{way}.conf"
        config.write_text(
            f"[calendars]\n[[feed]]\npath = {calendar}\ntype = calendar\n"
            "[locale]\nlocal_timezone = UTC\ndefault_timezone = UTC\ntimeformat = %H:%M:%S\ndateformat = %Y-%m-%d\n"
            "longdateformat = %Y-%m-%d\ndatetimeformat = %Y-%m-%d %H:%M:%S\nlongdatetimeformat = %Y-%m-%d %H:%M:%S\n"
            f"[sqlite]\npath = {folder}/khal-{way}.db\n[default]\ndefault_calendar = feed\n"
        )
        # It takes names without a zone for ones of the machine's.
        khal = lambda *words: subprocess.run(
            [TOOLS / "khal" / "bin" / "khal", "-c", config, *words],
            capture_output=True, text=True, env={**os.environ, "TZ": "UTC"},
        )
        if way == "import":
            path = folder / "feed.ics"
            path.write_bytes(body)
            done = khal("import", "--batch", "-a", "feed", path)
            assert done.returncode == 0, done.stderr
        first = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 95 * 86400))
        done = khal("list", "--once", "--day-format", "", "--format", form, first, "470d")
        assert done.returncode == 0, done.stderr
        events = []
        for entry in done.stdout.split("\x03"):
            parts = entry.strip("\n").split("\x02")
            if len(parts) == 4:
                seconds = lambda text: int(time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S")))
                uid, title, start, end = parts
                uid = given.get(uid, uid)
                events.append({"uid": uid, "title": title, "start": seconds(start), "end": seconds(end)})
        compare(f"khal ({way})", events, expected)
        ok(f"khal reads {len(events)} entries ({way})")


def check_emptied(demo, address, syncer):
    for uid in demo.expected(with_done=True):
        demo.remove(number_of(uid))
    status, _, body = fetch(address)
    assert (status, body.count(b"VEVENT")) == (200, 0)
    read_by_all(body, {}, "an emptied feed")
    before = syncer.files()
    refused = syncer.run("sync")
    assert refused.returncode != 0 and syncer.files() == before
    assert syncer.sync("--force-delete") == {}
    assert syncer.sync() == {}
    ok("vdirsyncer empties its folder with --force-delete, and only then")


def main():
    os.environ["TZ"] = "UTC"
    time.tzset()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with Demo(BINARY, str(folder / "data")) as demo:
            for members in awkward():
                demo.write("createActivity", **members)
            address = demo.feed_address()
            status, tag, body = fetch(address)
            assert status == 200 and not body.startswith(b"\xef\xbb\xbf")
            lines = body.split(b"\r\n")
            assert b"\n" not in b"".join(lines) and all(len(line) <= 75 for line in lines)
            assert all(line.decode() is not None for line in lines)
            assert fetch(address) == (200, tag, body) and fetch(address, tag)[0] == 304
            ok(f"{len(body)} bytes: UTF-8, CR LF, folded between letters, the same again, 304")
            read_by_all(body, demo.expected(), "the feed")
            read_by_all(fetch(address + "?done=yes")[2], demo.expected(True), "the feed with what is done")
            syncer = check_vdirsyncer(demo, address, folder)
            body = fetch(address)[2]
            read_by_all(body, demo.expected(), "the changed feed")
            check_khal(syncer, body, folder, demo.expected())
            check_emptied(demo, address, syncer)
    print("all good")


main()
