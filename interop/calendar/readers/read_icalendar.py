"""Prints the events of a calendar as icalendar reads them."""
import json, sys
from icalendar import Calendar

calendar = Calendar.from_ical(open(sys.argv[1], "rb").read())
events = [
    {
        "uid": str(event["UID"]),
        "start": int(event.start.timestamp()),
        "end": int(event.end.timestamp()),
        "title": str(event["SUMMARY"]),
        "description": str(event["DESCRIPTION"]),
    }
    for event in calendar.walk("VEVENT")
]
json.dump(events, sys.stdout)
