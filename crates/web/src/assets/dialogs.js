// Dialogs: a button with data-open opens the dialog it names; a click outside closes it.

/** Opens a modal dialog. Returns true, so that a key handler can return its result. */
export function open(dialog) {
  if (dialog.open) return true;
  dialog.showModal();
  // Focus the first button, the harmless one, so that Enter does no damage.
  dialog.querySelector("form[method=dialog] button")?.focus();
  return true;
}

/** Shows the buttons that need scripts. */
export function dialogs(part) {
  for (const button of part.querySelectorAll("button[data-open]")) button.hidden = false;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) open(document.querySelector(opener.dataset.open));
  // A click on the backdrop has the dialog as its target, but is outside its box.
  if (event.target instanceof HTMLDialogElement && isOutside(event, event.target)) event.target.close();
});

function isOutside({ clientX, clientY }, dialog) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
