// Work that takes a while: asks how far it has come until it is finished, then shows the page anew.

import { number } from "./dom.js";

const EVERY = 700;
/** Where the server does not answer it is asked less and less often, at most this many milliseconds apart. */
const SLOWEST = 10_000;

export function progress() {
  for (const place of document.querySelectorAll("[data-progress]")) ask(place, EVERY);
}

async function ask(place, wait) {
  let next = EVERY;
  try {
    const answer = await fetch(place.dataset.progress, { headers: { accept: "application/json" } });
    // Forgotten, or signed out meanwhile: the page itself knows what to say.
    if (answer.status >= 400 && answer.status < 500) return location.reload();
    const state = await answer.json();
    if (state.finished) return location.reload();
    show(place, state);
  } catch {
    next = Math.min(wait * 2, SLOWEST);
    tell(place, "The server does not answer. Asking again…");
  }
  setTimeout(() => ask(place, next), next);
}

function show(place, { done, total, text }) {
  const bar = place.querySelector("progress");
  if (bar && total !== null) {
    bar.max = Math.max(total, 1);
    bar.value = done;
  }
  tell(place, text ?? `${number(done)} of ${number(total)}`);
}

function tell(place, text) {
  const line = place.querySelector("p.progress");
  if (line) line.textContent = text;
}
