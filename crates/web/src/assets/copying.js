// A button with data-copy="#id" copies the text of that element.

import { say } from "./dom.js";

/** How long a button says “Copied”, in milliseconds. */
const SHOWN = 2000;

export function copying(part) {
  for (const button of part.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const source = document.querySelector(button.dataset.copy);
  const isCopied = await write(source);
  const text = isCopied ? "Copied" : "Selected: press Ctrl+C";
  button.dataset.was ??= button.textContent;
  button.textContent = text;
  say(text);
  setTimeout(() => (button.textContent = button.dataset.was), SHOWN);
}

async function write(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    // Without TLS or permission there is no clipboard access, so select the text for the person to copy.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    return false;
  }
}
