// All times on a page are in one time zone. If the reader's device is in another one, the top of the page says so.

import { element } from "./dom.js";

/** The local time in a zone, for comparison; empty if the browser does not know the zone. */
function shown(timeZone, at) {
  try {
    return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" }).format(at);
  } catch {
    return "";
  }
}

/** Zones that agree today may differ in half a year, so both are compared. */
function differ(mine, theirs) {
  const now = Date.now();
  return [now, now + 182 * 86_400_000].some((at) => shown(mine, at) !== shown(theirs, at));
}

const place = document.querySelector("[data-zone]");
const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (place && mine && differ(mine, place.dataset.zone)) {
  const theirs = element("a", { href: place.querySelector("a").href }, place.dataset.zone);
  const text = element("p", { className: "zone" }, "Times are shown in ", theirs, `. Your device is set to ${mine}.`);
  document.querySelector("main")?.prepend(text);
  place.hidden = true;
}
