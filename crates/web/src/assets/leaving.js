// What has been typed into a form is not lost by a click elsewhere: the browser asks first.

/** The forms whose content would be missed, as they were when the page was shown. What goes with a password is soon typed. */
const FORMS = "form.edit:not(:has([type=password]))";

const shown = new WeakMap();

/** What a form would send. */
function content(form) {
  return new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)])).toString();
}

for (const form of document.querySelectorAll(FORMS)) shown.set(form, content(form));

let sending = false;
document.addEventListener("submit", (event) => (sending = !event.defaultPrevented));
// A page that was refused comes back with what was typed: it still is to be saved.
window.addEventListener("pageshow", (event) => event.persisted && (sending = false));

window.addEventListener("beforeunload", (event) => {
  if (sending) return;
  const forms = [...document.querySelectorAll(FORMS)];
  const isTyped = (form) => form.querySelector("[aria-invalid=true]") !== null || content(form) !== shown.get(form);
  if (forms.some(isTyped)) event.preventDefault();
});
