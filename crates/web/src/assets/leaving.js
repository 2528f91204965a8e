// Asks before leaving a page with a form that has unsaved changes.

/** Forms worth asking about; those with a password are quickly typed again. */
const FORMS = "form.edit:not(:has([type=password]))";

const shown = new WeakMap();

/** The data that a form would send. */
function content(form) {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)])).toString();
}

for (const form of document.querySelectorAll(FORMS)) shown.set(form, content(form));

/** The form that is being sent. */
let sent = null;
document.addEventListener("submit", (event) => {
  if (event.target.method !== "dialog" && !event.defaultPrevented) sent = event.target;
});
// After going back, nothing is being sent.
window.addEventListener("pageshow", (event) => event.persisted && (sent = null));

window.addEventListener("beforeunload", (event) => {
  const forms = [...document.querySelectorAll(FORMS)].filter((form) => form !== sent);
  // A form that came back with errors still has unsaved changes.
  const isTyped = (form) => form.querySelector("[aria-invalid=true]") !== null || content(form) !== shown.get(form);
  if (forms.some(isTyped)) event.preventDefault();
});
