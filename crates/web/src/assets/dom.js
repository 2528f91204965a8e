// The few words in which the other modules speak of a page.

/** An element with its properties and what is in it. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Whether somebody is typing there, so that keys are letters. */
export function isTyping(target) {
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";
  return target instanceof Element && target.closest(fields) !== null;
}

/** Whether a key belongs to an input method, which makes letters of several. Some browsers say so by a number alone. */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

/** A number as the server writes it: 1,234,567. */
export function number(n) {
  return new Intl.NumberFormat("en-US").format(n);
}

/** Says something to those who listen to the page instead of looking at it. */
export function say(text) {
  voice.textContent = "";
  // A voice that is told the same twice says it once, unless it was silent between.
  setTimeout(() => (voice.textContent = text), 50);
}

const voice = element("p", { role: "status", className: "unseen" });
document.body.append(voice);
