// Dialogs: a button with data-open opens the one that it names; a click beside a dialog closes it.

/** Opens a dialog over the page; true, so that it can end a handler of keys. */
export function open(dialog) {
  if (dialog.open) return true;
  dialog.showModal();
  // The harmless answer, which comes first, is the one that Enter gives.
  dialog.querySelector("form[method=dialog] button")?.focus();
  return true;
}

/** Buttons that need a script are hidden until there is one. */
export function dialogs(part) {
  for (const button of part.querySelectorAll("button[data-open]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) open(document.querySelector(opener.dataset.open));
  // What is beside a dialog counts as the dialog itself, but lies outside its box.
  if (event.target instanceof HTMLDialogElement && isOutside(event, event.target)) event.target.close();
});

function isOutside({ clientX, clientY }, dialog) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
