// Helpers for the other modules.

/** Makes an element with properties and children. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Whether an element takes text, so that keys are letters and not shortcuts. */
export function isTyping(target) {
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  return target instanceof Element && target.closest(fields) !== null;
}

/** Whether a key belongs to an input method that composes characters. Some browsers only say so by a key code. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** Formats a number like the server: 1,234,567. */
export function number(n) {
  return new Intl.NumberFormat("en-US").format(n);
}

/** Announces a text to screen readers. */
export function say(text) {
  voice.textContent = "";
  // Screen readers ignore a text that is set twice, so clear it first.
  setTimeout(() => (voice.textContent = text), 50);
}

const voice = element("p", { role: "status", className: "unseen" });
document.body.append(voice);
