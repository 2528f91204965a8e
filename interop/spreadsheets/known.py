"""What programs are known to do to tables, so that no import can make up for it. docs/spreadsheets.md says it too."""
import re

BESIDE = r"nothing was imported|\d+ more|warning:|times? occurs?|not kept"
NOT_UTF8 = r"not UTF-8|#NAME\?"
EMPTIED = r"(subject|activityStatus\.name|startDateTime|activityPriority) is missing"
NO_FORMULA = r"never calculated|shows the error"
ALL = "demo awkward extreme"

# (way, organizations, what is told, why)
KNOWN = [
    (r"headless.*(CSV without options|UTF-8 said for reading|without options)", ALL, NOT_UTF8, "Windows-1252"),
    (r"(workbook|export): (pandas|csvsort|csvsql|in2csv)", "awkward extreme", EMPTIED, "N/A and None emptied"),
    (r"(workbook|export): pandas.*xlsx", "awkward extreme", f"{EMPTIED}|{NO_FORMULA}", "formulas made of texts"),
    (r"export: ssconvert", "awkward", EMPTIED, "apostrophe taken off"),
    (
        r"export: LibreOffice.*headless",
        "awkward extreme",
        r"#NAME\?|has rounded it|have the same activityId|more than once|never calculated|is missing|clear one of them",
        "formulas run, long ids rounded",
    ),
    (r"export: (pandas|SheetJS|exceljs).*xlsx", "awkward extreme", f"{EMPTIED}|{NO_FORMULA}", "formulas made of texts"),
    (r"(csv|export): (pandas|SheetJS).*xlsx", "extreme", r"Error", "no file: control characters, long texts"),
    (r"export: ssconvert", "extreme", r"Unsupported file format", "no file: control characters"),
    (r"csv: SheetJS, \.", "awkward", r"(subject|note): '.*\d", "texts taken for dates"),
    (r"export: SheetJS, \.", "awkward extreme", r"does not exist here|there is no status|is missing", "texts taken for dates"),
    (r"export: exceljs", "awkward", r"(subject|note): '(.*\d|false|true)", "texts taken for numbers and dates"),
    (r"exceljs", ALL, r"have been moved|but the column has times of", "times moved"),
]


def allowed(way, org, outcome):
    """Why an outcome that is not good is as good as it can be; None where it is not known."""
    for pattern, orgs, told, why in KNOWN:
        fits = re.search(pattern, way) and org in orgs.split() and not outcome.missing
        if fits and all(re.search(f"{told}|{BESIDE}", line) for line in outcome.details()):
            return why
    return None
