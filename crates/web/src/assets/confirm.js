// Asks before something is sent: data-confirm="Remove this activity?" on a form or on the button that sends it.
// What is sent then says so (confirmed=1), so that the server asks no more. `{n}` in the text is the number of chosen
// rows. Where a checked box stands for more of them (data-whole), the server asks: it knows which they are.

import { element, number } from "./dom.js";
import { open } from "./dialogs.js";

/** The form that has just been agreed to. */
let agreed = null;

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const text = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (text === undefined || agreed === form) return;
  const checked = [...form.elements].filter((box) => box.checked);
  if (checked.some((box) => "whole" in box.dataset)) return;
  event.preventDefault();
  const count = checked.filter((box) => box.name === "id").length;
  ask(text.replace("{n}", number(count)), submitter, () => {
    agreed = form;
    form.append(element("input", { type: "hidden", name: "confirmed", value: "1" }));
    form.requestSubmit(submitter);
    agreed = null;
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
