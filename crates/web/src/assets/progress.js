// Shows the progress of long work, and reloads the page when it is finished.

import { number } from "./dom.js";

const EVERY = 700;
/** If the server does not respond, requests become less frequent, up to this many milliseconds apart. */
const SLOWEST = 10_000;

export function progress() {
  for (const place of document.querySelectorAll("[data-progress]")) ask(place, EVERY);
}

async function ask(place, wait) {
  let next = EVERY;
  try {
    const answer = await fetch(place.dataset.progress, { headers: { accept: "application/json" } });
    // The work is forgotten, or the session has ended: the page itself knows what to say.
    if (answer.status >= 400 && answer.status < 500) return location.reload();
    const state = await answer.json();
    if (state.finished) return location.reload();
    show(place, state);
  } catch {
    next = Math.min(wait * 2, SLOWEST);
    tell(place, "The server is not responding. Trying again…");
  }
  setTimeout(() => ask(place, next), next);
}

function show(place, { done, total, text }) {
  const bar = place.querySelector("progress");
  if (bar && total !== null) {
    bar.max = Math.max(total, 1);
    bar.value = done;
  }
  tell(place, text ?? `${number(done)} of ${number(total)} done`);
}

function tell(place, text) {
  const line = place.querySelector("p.progress");
  if (line) line.textContent = text;
}
