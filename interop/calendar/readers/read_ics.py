"""Prints the events of a calendar as ics reads them."""
import json, sys
from ics import Calendar

calendar = Calendar(open(sys.argv[1], encoding="utf-8", newline="").read())
events = [
    {
        "uid": event.uid,
        "start": event.begin.int_timestamp,
        "end": event.end.int_timestamp,
        "title": event.name or "",
        "description": event.description or "",
    }
    for event in calendar.events
]
json.dump(events, sys.stdout)
