// Prints the events of a calendar as node-ical reads them.
import ical from "node-ical";

const parsed = ical.sync.parseFile(process.argv[2]);
const seconds = (date) => Math.floor(date.getTime() / 1000);
const events = Object.values(parsed).filter((entry) => entry.type === "VEVENT").map((event) => ({
    uid: event.uid,
    start: seconds(event.start),
    end: seconds(event.end),
    title: event.summary,
    description: event.description,
}));
console.log(JSON.stringify(events));
