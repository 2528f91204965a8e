"""A running demo: its server, its API, its pages, and what it should show in the feed."""
import datetime as dt
import json
import re
import subprocess
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

USER = "101133"
API = "/neonws/services/api/"
NOT_STARTED, COMPLETED = "2", "4"
DAY = 24 * 60 * 60


class Demo:
    """A demo in a folder of its own, on a free port. Ends with the block that it is used in."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        command = [binary, "--data", folder, "demo", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        told = ""
        while "Ctrl-C" not in told:
            line = self.process.stdout.readline()
            assert line, f"the demo does not start: {told}"
            told += line
        self.root = re.search(r"running at (http://[\w.:]+)", told)[1]
        self.password = re.search(r"password (\w+)", told)[1]
        self.key = re.search(r"API key +(\w+)", told)[1]
        answer = self.api("common/login", {"login.apiKey": self.key, "login.orgid": "demo"})
        self.session = answer["loginResponse"]["userSessionId"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def api(self, method, parameters):
        body = urllib.parse.urlencode(parameters).encode()
        with urllib.request.urlopen(self.root + API + method, body) as answer:
            return json.load(answer)

    def write(self, method, **members):
        """Calls a method that writes; gives the activity's id."""
        parameters = {"activity." + name: value for name, value in members.items()}
        answer = self.api("account/" + method, {"userSessionId": self.session, **parameters})
        (answer,) = answer.values()
        assert answer["operationResult"] == "SUCCESS", (method, members, answer)
        return answer.get("activityId")

    def remove(self, activity):
        parameters = {"userSessionId": self.session, "activityId": activity}
        (answer,) = self.api("account/removeActivity", parameters).values()
        assert answer["operationResult"] == "SUCCESS", answer

    def feed_address(self):
        """Signs in to the pages and creates the address there."""
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

        def token(path):
            page = browser.open(self.root + path).read().decode()
            return re.search(r'name="csrf" value="(\w+)"', page)[1]

        def post(path, **fields):
            body = urllib.parse.urlencode(fields).encode()
            return browser.open(self.root + path, body).read().decode()

        post("/sign-in", csrf=token("/sign-in"), org="demo", login="maribel", password=self.password)
        page = post("/preferences/calendar", csrf=token("/preferences"))
        return re.search(r'id="calendar-address">(http[^<]+)<', page)[1]

    def records(self):
        """All activities that are there, by the command line."""
        command = [self.binary, "--data", self.folder, "export", "demo", "--format", "jsonl"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        records = map(json.loads, filter(None, lines.split("\n")))
        return [record for record in records if "subject" in record]

    def expected(self, with_done=False):
        """What the feed has to show, from the exported records and the rules of docs/calendar.md."""
        now = dt.datetime.now(dt.timezone.utc).timestamp()
        today = now - now % DAY
        first, last = today - 90 * DAY, today + 366 * DAY
        events = {}
        for record in self.records():
            start = instant(record["startDateTime"])
            end = instant(record["endDateTime"]) if "endDateTime" in record else None
            reaches_in = start < first and end is not None and end >= first
            is_done = record["activityStatus"]["id"] == COMPLETED
            if str(record.get("systemUserId")) != USER or (is_done and not with_done):
                continue
            if not (first <= start < last or reaches_in):
                continue
            uid = f"activity-{record['activityId']}@demo.driftless"
            start, end = int(start // 1), int(end // 1) if end is not None else None
            events[uid] = {
                "start": start,
                "end": end if end is not None and end > start else start,
                "title": shown(record["subject"]).strip(),
                "status": record["activityStatus"]["name"],
                "note": shown(record.get("note") or "").strip(),
            }
        return events


def instant(text):
    return dt.datetime.fromisoformat(text).timestamp()


def shown(text):
    """What can be in a calendar: each kind of line end as one, no other control characters."""
    text = re.sub("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    return re.sub("[\x00-\x08\x0e-\x1f\x7f-\x9f]", "", text)


def awkward():
    """Activities that a calendar can be broken with."""
    now = dt.datetime.now(dt.timezone.utc).replace(microsecond=0)

    def at(hours, extra=""):
        stamp = (now + dt.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{stamp}{extra or '.000'}+00:00"

    titles = [
        "Plain", "Comma, semicolon; colon: backslash \\ and \\n and \\, as text", "Quotes \"x\" 'y' <b>&amp;</b>",
        "🎉🧑‍👩‍👧‍👦 party " * 12, "日本語の長い件名" * 30, "é" * 200, "A" * 66 + "ß" + "B" * 80,
        "  blanks at both ends  ", "line\u2028separator and\u2029paragraph", "next\u0085line", "tab\tinside",
        "BEGIN:VEVENT", "END:VCALENDAR", "ends in a backslash\\", "مرحبا بالعالم", "e\u0301 combining " * 10,
        "words " * 40, "x" * 4000, "=1+1", "0",
    ]
    notes = [
        "", "one\ntwo\r\nthree\rfour", "\n\n  \nblank lines\n\n", "long " * 500, "DTSTART:20200101T000000Z\nEND:VEVENT",
        "a;b,c\\d\\n", "🎉" * 300,
    ]
    ends = [None, (1, ""), (0, ""), (-200, ""), (0, ".900"), (30 * 24, "")]
    for n, title in enumerate(titles):
        start, end = 24 * (n - 5), ends[n % len(ends)]
        members = {
            "subject": title, "note": notes[n % len(notes)], "startDateTime": at(start, ".250"),
            "clientId": 101, "systemUserId": USER, "activityPriority": ["Low", "Normal", "High"][n % 3],
            "activityStatus.id": NOT_STARTED if n % 7 else COMPLETED,
        }
        if end is not None:
            members["endDateTime"] = at(start + end[0], end[1])
        yield members
