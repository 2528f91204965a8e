"""LibreOffice: headless, and its windows driven by keys."""
import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

LOCALES = {"de": "de-DE", "us": "en-US"}
# Comma or semicolon, quotation marks, UTF-8, from the first row.
READ_UTF8, READ_UTF8_SEMICOLONS = "CSV:44,34,76,1", "CSV:59,34,76,1"
WRITE_UTF8 = "csv:Text - txt - csv (StarCalc):44,34,76,1"
WRITE_UTF8_SEMICOLONS = "csv:Text - txt - csv (StarCalc):59,34,76,1"

SETTINGS = [
    ("Setup/L10N", "ooSetupSystemLocale", None),  # the locale
    ("Office.Common/Save/Document", "WarnAlienFormat", "false"),  # keep the file's format without asking
    ("Office.Common/Misc", "ShowTipOfTheDay", "false"),
    ("Office.Recovery/RecoveryInfo", "Enabled", "false"),
    ("Office.Common/Misc", "FirstRun", "false"),
    ("Setup/Product", "ooSetupLastVersion", "99.9"),  # nothing is new
]


class Office:
    """LibreOffice in one locale. Each run gets a fresh profile, so that several can go on at once."""

    def __init__(self, folder, locale):
        self.folder = folder
        items = "".join(
            f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse">'
            f"<value>{value or LOCALES[locale]}</value></prop></item>"
            for path, name, value in SETTINGS
        )
        schemas = 'xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
        self.settings = f'<?xml version="1.0" encoding="UTF-8"?>\n<oor:items {schemas}>{items}</oor:items>'

    def command(self, *words):
        profile = Path(tempfile.mkdtemp(dir=self.folder, prefix="profile-"))
        (profile / "user").mkdir()
        (profile / "user" / "registrymodifications.xcu").write_text(self.settings)
        return ["soffice", f"-env:UserInstallation=file://{quote(str(profile))}", "--norestore", "--nologo", *words]

    def convert(self, path, form, folder, reading=None):
        """Opens a file without a window and saves it as another."""
        reading = [f"--infilter={reading}"] if reading else []
        command = self.command("--headless", *reading, "--convert-to", form, "--outdir", folder, path)
        done = subprocess.run(command, capture_output=True, text=True, timeout=180)
        out = folder / f"{path.stem}.{form.split(':')[0]}"
        assert out.exists(), (command, done.stdout, done.stderr)
        return out


class Screen:
    """A display without a screen, with a window manager."""

    def __enter__(self):
        self.one_at_a_time = threading.Lock()
        number = next(n for n in range(77, 177) if not os.path.exists(f"/tmp/.X{n}-lock"))
        self.env = {**os.environ, "DISPLAY": f":{number}", "SAL_USE_VCLPLUGIN": "gen"}
        size = ["-screen", "0", "1400x1000x24"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": self.env}
        self.processes = [subprocess.Popen(["Xvfb", f":{number}", *size], **quiet)]
        self.wait(lambda: os.path.exists(f"/tmp/.X11-unix/X{number}"), "no display")
        self.processes.append(subprocess.Popen(["openbox", "--sm-disable"], **quiet))
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait()

    def xdotool(self, *words):
        return subprocess.run(["xdotool", *words], capture_output=True, text=True, env=self.env)

    def shows(self, title):
        return self.xdotool("search", "--onlyvisible", "--name", title).returncode == 0

    def wait(self, is_so, what):
        end = time.monotonic() + 60
        while not is_so():
            assert time.monotonic() < end, what
            time.sleep(0.2)

    def edit(self, office, path, edits):
        with self.one_at_a_time:
            return self.edit_alone(office, path, edits)

    def edit_alone(self, office, path, edits):
        """Opens a file as a double click does, leaves the import dialog of CSV as it comes, types into cells, each
        given by the rows above it and the columns left of it, and saves in the file's own format."""
        process = subprocess.Popen(office.command("--calc", path), env=self.env, stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            if path.suffix == ".csv":
                self.wait(lambda: self.shows("^Text Import"), "no import dialog")
                while self.shows("^Text Import"):
                    time.sleep(1)
                    self.xdotool("key", "Return")
            self.wait(lambda: self.shows(f"{path.name} .* Calc$"), "no window")
            time.sleep(1.5)
            for row, column, text in edits:
                self.xdotool("key", "ctrl+Home")
                for key, times in (("Down", row), ("Right", column)):
                    if times:
                        self.xdotool("key", "--delay", "40", "--repeat", str(times), key)
                self.xdotool("type", "--delay", "40", text)
                self.xdotool("key", "Return")
                time.sleep(0.3)
            written = path.stat().st_mtime_ns
            self.xdotool("key", "ctrl+s")
            self.wait(lambda: path.stat().st_mtime_ns != written, "not saved")
            time.sleep(1)
            self.xdotool("key", "ctrl+q")
            process.wait(30)
        finally:
            # It is a script around the program, which has a name of its own.
            if process.poll() is None:
                self.xdotool("key", "alt+F4")
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(30)
        return path
