// Small menus (details.menu) close on Escape, on a click elsewhere, and when they lose the focus.

const OPEN = "details.menu[open]";

function closeOthers(target) {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!menu.contains(target)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeOthers(event.target);
  // An item of the menu has been chosen.
  if (event.target.closest(`${OPEN} [data-open]`)) closeOthers(null);
});
document.addEventListener("focusin", (event) => closeOthers(event.target));

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.(OPEN);
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
