"""What programs are known to do to tables, so that no import can make up for it. docs/spreadsheets.md says so too."""
import re

# (way, organizations, what is told or changed, why)
KNOWN = []


def allowed(way, org, outcome):
    """Why an outcome that is not good is as good as it can be; None where it is not known."""
    for pattern, orgs, told, why in KNOWN:
        fits = re.search(pattern, way) and org in orgs.split() and not outcome.missing
        if fits and all(re.search(told, line) for line in outcome.details()):
            return why
    return None
