// Live updates: shows how many changes are new, or refreshes a container that has data-live-auto.

import { number } from "./dom.js";

/** The shortest time between two refreshes, in milliseconds. */
const PAUSE = 1000;
/** A hidden page closes its connection after this many milliseconds: browsers allow only six per server. */
const ASLEEP = 60_000;

export function follow(enhance) {
  for (const place of document.querySelectorAll("[data-live]")) new Following(place, enhance).wake();
}

/** The open details elements, to be opened again after a refresh. */
function opened(place) {
  return new Set([...place.querySelectorAll("details[open]")].map(nameOf));
}

function nameOf(part) {
  return part.id || part.querySelector("summary")?.textContent;
}

class Following {
  constructor(place, enhance) {
    this.place = place;
    this.enhance = enhance;
    this.seen = Number(place.dataset.liveSeq ?? NaN);
    this.state = "off";
    this.sleep = 0;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(this.sleep);
      if (document.visibilityState === "visible") this.wake();
      else this.sleep = setTimeout(() => this.close(), ASLEEP);
    });
    // An open connection would keep the page out of the back/forward cache.
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", (event) => event.persisted && this.wake());
  }

  wake() {
    if (this.source) return;
    this.source = new EventSource(this.place.dataset.live);
    this.source.addEventListener("open", () => this.say("on", "Updating live"));
    this.source.addEventListener("error", () => {
      const isOver = this.source.readyState === EventSource.CLOSED;
      if (isOver) this.source = null;
      this.say("off", isOver ? "Live updates stopped: reload the page" : "Live updates paused: reconnecting…");
    });
    this.source.addEventListener("message", (event) => this.hear(JSON.parse(event.data).seq));
  }

  close() {
    this.source?.close();
    this.source = null;
  }

  /** The first message may only report the current position. */
  hear(seq) {
    if (Number.isNaN(this.seen)) this.seen = seq - 1;
    if (seq <= this.seen) return;
    if ("liveAuto" in this.place.dataset) this.refreshSoon(seq);
    else this.note(seq - this.seen);
  }

  note(count) {
    const note = document.querySelector("[data-live-note]");
    if (!note) return;
    const link = note.matches("a") ? note : note.querySelector("a");
    link.textContent = `Show ${number(count)} new ${count === 1 ? "change" : "changes"}`;
    note.hidden = false;
  }

  refreshSoon(seq) {
    this.latest = seq;
    this.timer ??= setTimeout(async () => {
      const upTo = this.latest;
      await this.refresh(upTo).catch(() => this.say("off", "Could not refresh the page. Trying again…"));
      this.timer = undefined;
      if (this.latest > this.seen) this.refreshSoon(this.latest);
    }, PAUSE);
  }

  async refresh(seq) {
    const answer = await fetch(location.href);
    if (!answer.ok || answer.redirected) return location.reload();
    const fetched = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = fetched.querySelector(`[data-live="${CSS.escape(this.place.dataset.live)}"]`);
    if (!fresh) return location.reload();
    const [x, y, focus] = [scrollX, scrollY, this.place.contains(document.activeElement) && document.activeElement.id];
    const isOpen = opened(this.place);
    this.place.replaceChildren(...fresh.childNodes);
    for (const part of this.place.querySelectorAll("details")) part.open ||= isOpen.has(nameOf(part));
    this.seen = seq;
    this.enhance(this.place);
    this.say(this.state, this.text);
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
    scrollTo(x, y);
  }

  say(state, text) {
    [this.state, this.text] = [state, text];
    const place = document.querySelector("[data-live-state]");
    // Do not announce the same text again.
    if (!place || (place.textContent === text && place.dataset.liveState === state)) return;
    place.dataset.liveState = state;
    place.textContent = text;
  }
}
