// The server writes times as the organization's clocks show them; here they become the reader's.
// The title stays: it is the exact time with its offset.

/** What of a time is shown, in the server's shape (2026-03-04 14:05), which is Sweden's. */
const SHAPES = {
  date: { dateStyle: "short" },
  time: { timeStyle: "short" },
  datetime: { dateStyle: "short", timeStyle: "short" },
};
const formats = new Map();

function format(shape) {
  if (!formats.has(shape)) formats.set(shape, new Intl.DateTimeFormat("sv-SE", SHAPES[shape]));
  return formats.get(shape);
}

/** The page says whose clocks it shows: a form takes the organization's, all else is the reader's. */
for (const place of document.querySelectorAll("[data-zone]")) {
  const [mine, theirs] = [Intl.DateTimeFormat().resolvedOptions().timeZone, place.dataset.zone];
  if (mine !== theirs) place.textContent = `Times as your clock shows them (${mine}). What you type into a form is a time in ${theirs}.`;
}

export function clocks(part) {
  for (const time of part.querySelectorAll("time[data-local]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.valueOf()) || !(time.dataset.local in SHAPES)) continue;
    time.textContent = format(time.dataset.local).format(moment);
    if (!time.title) time.title = time.dateTime;
  }
}
