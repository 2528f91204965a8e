// A control with data-submit sends its form as soon as its value changes, so its button is hidden.

export function submitting(part) {
  for (const select of part.querySelectorAll("select[data-submit]")) {
    const button = select.form?.querySelector("[data-nojs]");
    if (button) button.hidden = true;
    watch(select, button);
  }
}

function watch(select, button) {
  // Arrow keys pass through other values, so with the keyboard the form is sent by Enter or the button.
  let byKey = false;
  let isChanged = false;
  select.addEventListener("pointerdown", () => (byKey = false));
  select.addEventListener("keydown", (event) => {
    byKey = event.key !== "Enter" && event.key !== "Tab";
    if (event.key !== "Enter" || !isChanged) return;
    event.preventDefault();
    select.form.requestSubmit(button);
  });
  select.addEventListener("change", () => {
    isChanged = true;
    if (!byKey) select.form.requestSubmit(button);
    else if (button) button.hidden = false;
  });
}
