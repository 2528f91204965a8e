// A form that changes something is sent once, however often its button is clicked.

const sent = new Set();

document.addEventListener("submit", (event) => {
  const form = event.target;
  // A question (GET) may be asked twice; a dialog's form goes nowhere.
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  // Not at once: a disabled button's name and value would not be sent.
  setTimeout(() => lock(form, event.submitter, true));
});

// Who comes back finds the page as it was left, with its buttons locked.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of sent) lock(form, null, false);
  sent.clear();
});

function lock(form, submitter, isLocked) {
  for (const button of form.elements) {
    if (button.type !== "submit") continue;
    button.disabled = isLocked;
    if (!isLocked) button.removeAttribute("aria-busy");
  }
  if (isLocked) submitter?.setAttribute("aria-busy", "true");
}
