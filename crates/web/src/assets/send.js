// Sends a form that changes something only once, however often its button is clicked.

const sent = new Set();

document.addEventListener("submit", (event) => {
  const form = event.target;
  // GET forms may be sent twice, and dialog forms are not sent at all.
  if (event.defaultPrevented || form.method !== "post") return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  // Not immediately, because the name and value of a disabled button are not sent.
  setTimeout(() => lock(form, event.submitter, true));
});

// After going back, the buttons of the page would still be locked.
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
