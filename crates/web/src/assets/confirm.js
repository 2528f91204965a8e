// Asks before something is sent: data-confirm="Remove this activity?" on a form or on the button that sends it.
// What is sent then says so, and for how many (confirmed=3), so that the server asks no more unless there are others.
// `{n}` in the text is the number of chosen rows, or the data-count of a checked box that stands for more of them.

import { element, number } from "./dom.js";
import { open } from "./dialogs.js";

/** The form that has just been agreed to. */
let agreed = null;

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const text = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (text === undefined || agreed === form) return;
  event.preventDefault();
  const count = chosen(form);
  ask(text.replace("{n}", number(count)), submitter, () => {
    agreed = form;
    form.append(element("input", { type: "hidden", name: "confirmed", value: String(count || 1) }));
    form.requestSubmit(submitter);
    agreed = null;
  });
});

function chosen(form) {
  const checked = [...form.elements].filter((box) => box.checked);
  const whole = checked.find((box) => "count" in box.dataset);
  return whole ? Number(whole.dataset.count) : checked.filter((box) => box.name === "id").length;
}

function ask(text, submitter, yes) {
  const does = submitter?.textContent.trim() || submitter?.getAttribute("aria-label") || "Go on";
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
