// Asks for confirmation before a form is sent: data-confirm="Remove this activity?" on the form or its button.
// The form then has confirmed=1, so that the server does not ask again. `{n}` in the text is the number of selected
// rows. If a checkbox stands for all matching rows (data-whole), the server asks, because only it knows them.

import { element, number } from "./dom.js";
import { open } from "./dialogs.js";

/** The form that has just been confirmed. */
let confirmed = null;

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const text = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (text === undefined || confirmed === form) return;
  const checked = [...form.elements].filter((box) => box.checked);
  if (checked.some((box) => "whole" in box.dataset)) return;
  event.preventDefault();
  const count = checked.filter((box) => box.name === "id").length;
  ask(text.replace("{n}", number(count)), submitter, () => {
    confirmed = form;
    form.append(element("input", { type: "hidden", name: "confirmed", value: "1" }));
    form.requestSubmit(submitter);
    confirmed = null;
  });
});

function ask(text, submitter, yes) {
  const does = submitter?.textContent.trim() || submitter?.getAttribute("aria-label") || "Continue";
  const isDanger = submitter?.classList.contains("danger");
  const go = element("button", { value: "yes", className: isDanger ? "danger" : "primary" }, does);
  const stay = element("button", { value: "" }, "Cancel");
  const dialog = element(
    "dialog",
    { "aria-labelledby": "confirm-text" },
    element("h2", { id: "confirm-text" }, text),
    element("form", { method: "dialog", className: "buttons" }, stay, go),
  );
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (dialog.returnValue === "yes") yes();
  });
  document.body.append(dialog);
  open(dialog);
}
