// What has been typed into a form is not lost by a click elsewhere: the browser asks first.

/** The forms whose content would be missed, as they were when the page was shown. What goes with a password is soon typed. */
const FORMS = "form.edit:not(:has([type=password]))";

const shown = new WeakMap();

/** What a form would send. */
function content(form) {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)])).toString();
}

for (const form of document.querySelectorAll(FORMS)) shown.set(form, content(form));

/** The form that is on its way. */
let sent = null;
document.addEventListener("submit", (event) => {
  if (event.target.method !== "dialog" && !event.defaultPrevented) sent = event.target;
});
// Who comes back finds the page as it was left.
window.addEventListener("pageshow", (event) => event.persisted && (sent = null));

window.addEventListener("beforeunload", (event) => {
  const forms = [...document.querySelectorAll(FORMS)].filter((form) => form !== sent);
  // A page that was refused comes back with what was typed: it still is to be saved.
  const isTyped = (form) => form.querySelector("[aria-invalid=true]") !== null || content(form) !== shown.get(form);
  if (forms.some(isTyped)) event.preventDefault();
});
