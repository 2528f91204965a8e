// Keyboard shortcuts: / searches, n creates an activity, g and a letter opens a page, ? lists the shortcuts.
// People who use voice control, or hit keys by accident, can turn them off.

import { element, isComposing, isTyping } from "./dom.js";
import { open } from "./dialogs.js";

const OFF = "driftless-keys-off";
/** How long g waits for the next letter, in milliseconds. */
const WAIT = 1500;

let afterG = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isComposing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]") || isOff()) return;
  const follows = event.timeStamp - afterG < WAIT;
  afterG = event.key === "g" ? event.timeStamp : -WAIT;
  const place = follows && placeOf(event.key);
  const action = place ? () => go(place) : ACTIONS[event.key];
  if (action?.() === true) event.preventDefault();
});

/** Each returns whether it did something. */
const ACTIONS = {
  "/": () => {
    const search = document.querySelector("form.find input[type=search]");
    search?.focus();
    search?.select();
    return search !== null;
  },
  n: begin,
  "+": begin,
  "?": () => open(help),
};

function begin() {
  const link = newLink();
  link?.click();
  return link !== null;
}

function newLink() {
  // A page's own link may fill in the account.
  return document.querySelector('main a[data-key="n"]') ?? document.querySelector('a[data-key="n"]');
}

/** The link in the navigation for a letter; none on pages without navigation. */
function placeOf(letter) {
  return document.querySelector(`nav.main a[data-go="${CSS.escape(letter)}"]`);
}

function go(link) {
  link.click();
  return true;
}

function isOff() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false; // storage is not available
  }
}

function row(does, ...keys) {
  const shown = keys.flatMap((key, at) => (at > 0 ? [" ", element("kbd", {}, key)] : [element("kbd", {}, key)]));
  return element("tr", {}, element("th", { scope: "row" }, does), element("td", {}, ...shown));
}

function helpDialog() {
  const rows = [
    row("Search", "/"),
    ...(newLink() ? [row("New activity", "n", "+")] : []),
    ...[...document.querySelectorAll("nav.main a[data-go]")].map((link) => row(link.textContent, "g", link.dataset.go)),
    row("Show these shortcuts", "?"),
    row("Close a dialog or menu", "Esc"),
  ];
  const box = element("input", { type: "checkbox", checked: !isOff() });
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(OFF, box.checked ? "0" : "1");
    } catch {
      // Storage is not available: the choice is forgotten, which does no harm.
    }
  });
  return element(
    "dialog",
    { id: "help", className: "help", "aria-labelledby": "help-title" },
    element("h2", { id: "help-title" }, "Keyboard shortcuts"),
    element("table", {}, element("tbody", {}, ...rows)),
    element("label", {}, box, "Use keyboard shortcuts"),
    element("form", { method: "dialog", className: "buttons" }, element("button", {}, "Close")),
  );
}

const help = helpDialog();
document.body.append(help);
