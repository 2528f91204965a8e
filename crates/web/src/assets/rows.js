// Selecting rows of a list: all with the checkbox in the header, ranges with Shift and a click; counts them.

import { element, number } from "./dom.js";

/** The checkbox that was clicked last, where a range starts. */
let last = null;

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("input[type=checkbox]:is([name=id], [data-all], [data-whole])");
  if (!box) return;
  const boxes = ids(box);
  if ("whole" in box.dataset) {
    // These include the ones on this page.
    if (box.checked) for (const each of boxes) each.checked = true;
  } else if ("all" in box.dataset) {
    for (const each of boxes) each.checked = box.checked;
  } else if (event.shiftKey && boxes.includes(last)) {
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
    for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
  }
  if (box.name === "id") last = box;
  show(box);
  leadOn(box);
});

/** A button that sets a value makes its control required, so that the browser asks for a choice first. */
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[type=submit]");
  for (const control of button?.form?.elements ?? []) {
    if (control instanceof HTMLSelectElement) control.required = control.name === button.dataset.needs;
  }
});

/** For the keyboard: a button after the checkbox that leads to the bulk actions. */
const way = element("button", { type: "button", className: "small way" });
way.addEventListener("click", () => {
  const bar = way.form ?? document.querySelector("[data-with-selection]");
  bar?.querySelector("select, button")?.focus();
});

function leadOn(box) {
  const count = ids(box).filter((each) => each.checked).length;
  if (!box.checked || box.name !== "id" || !box.form) return way.remove();
  way.textContent = `Continue with ${number(count)} selected`;
  if (box.form.id) way.setAttribute("form", box.form.id);
  box.closest("label, td").after(way);
}

/** Otherwise, a click with Shift on a label selects text. */
document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest?.(".pick")) event.preventDefault();
});

/** The checkboxes that belong together: those of a form, or else those of a table. */
function ids(box) {
  const among = box.form ? [...box.form.elements] : [...box.closest("table").querySelectorAll("input")];
  return among.filter((each) => each.type === "checkbox" && each.name === "id");
}

function show(box) {
  const boxes = ids(box);
  const count = boxes.filter((each) => each.checked).length;
  const form = box.form;
  const all = form && [...form.elements].find((each) => "all" in each.dataset);
  if (all) {
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
  const whole = form && [...form.elements].find((each) => "whole" in each.dataset);
  const chosen = whole?.checked && count > 0 ? Number(whole.dataset.whole) : count;
  // The bar is the form, or in it, or anywhere on a page with one list.
  for (const place of document.querySelectorAll("[data-selected]")) place.textContent = number(chosen);
  for (const bar of document.querySelectorAll("[data-with-selection]")) bar.hidden = count === 0;
}

// After going back, checkboxes may still be checked. Without scripts the bar is always shown.
function start() {
  const first = document.querySelector("input[type=checkbox][name=id]");
  if (first) show(first);
}
start();
window.addEventListener("pageshow", start);
