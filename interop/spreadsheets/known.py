"""What programs are known to do to tables, so that no import can make up for it. docs/spreadsheets.md says it too."""
import re

NOT_UTF8 = r"not UTF-8|nothing was imported"
EMPTIED = r"(subject|activityStatus\.name|startDateTime|activityPriority) is missing|nothing was imported"
NO_FORMULA = r"never calculated|shows the error"
ALL = "demo awkward extreme"

# (way, organizations, what is told, why)
KNOWN = [
    (r"headless.*(CSV without options|UTF-8 said for reading|without options)", ALL, NOT_UTF8, "Windows-1252"),
    (r"(workbook|export): (pandas|csvsort|csvsql|in2csv)", "awkward extreme", EMPTIED, "N/A and None emptied"),
    (r"(workbook|export): pandas.*xlsx", "awkward extreme", f"{EMPTIED}|{NO_FORMULA}", "formulas made of texts"),
    (r"export: ssconvert", "awkward", EMPTIED, "apostrophe taken off"),
    (r"(csv|export): (pandas|SheetJS).*xlsx", "extreme", r"Error", "no file: control characters, long texts"),
    (r"export: ssconvert", "extreme", r"Unsupported file format", "no file: control characters"),
    (r"exceljs", ALL, r"have been moved|but the column has times of|nothing was imported", "times moved"),
]


def allowed(way, org, outcome):
    """Why an outcome that is not good is as good as it can be; None where it is not known."""
    for pattern, orgs, told, why in KNOWN:
        fits = re.search(pattern, way) and org in orgs.split() and not outcome.missing
        if fits and all(re.search(told, line) for line in outcome.details()):
            return why
    return None
