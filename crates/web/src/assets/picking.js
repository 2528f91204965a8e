// Suggests matching accounts while a name is typed (the ARIA combobox pattern).
// The chosen one is written as `Ada Lovelace (3480)`; typing just the ID works too.

import { element, isComposing } from "./dom.js";

/** How long to wait after the last key before asking the server, in milliseconds. */
const REST = 150;

let made = 0;

export function picking(part) {
  for (const input of part.querySelectorAll("input[data-find]")) new Picker(input);
}

class Picker {
  constructor(input) {
    const id = `found-${++made}`;
    this.input = input;
    this.list = element("ul", { id, role: "listbox", hidden: true, "aria-label": "Matching accounts" });
    this.active = -1;
    const isFocused = document.activeElement === input;
    const box = element("span", { className: "combo" });
    input.replaceWith(box);
    box.append(input, this.list);
    if (isFocused) input.focus();
    const aria = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": id };
    for (const [name, value] of Object.entries({ ...aria, autocomplete: "off" })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.askSoon());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    // Keep the focus in the field while the list is clicked.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.pick(event.target.closest("li")));
  }

  askSoon() {
    clearTimeout(this.timer);
    this.asking?.abort();
    const q = this.input.value.trim();
    if (q === "") return this.close();
    this.timer = setTimeout(() => this.ask(q), REST);
  }

  async ask(q) {
    this.asking = new AbortController();
    const address = `${this.input.dataset.find}?${new URLSearchParams({ q })}`;
    try {
      const answer = await fetch(address, { signal: this.asking.signal, headers: { accept: "application/json" } });
      if (answer.ok) this.show(await answer.json());
    } catch {
      // Replaced by a newer request, or no answer: an ID can still be typed.
    }
  }

  show(found) {
    if (document.activeElement !== this.input) return;
    const options = found.map(({ id, name }, at) => {
      const option = element("li", { id: `${this.list.id}-${at}`, role: "option" }, element("span", {}, name), element("small", {}, String(id)));
      option.dataset.value = `${name} (${id})`;
      return option;
    });
    const none = element("li", { role: "option", "aria-disabled": "true" }, "No matching account. You can also type an ID.");
    const add = this.adding(found);
    if (add) options.push(add);
    this.list.replaceChildren(...(options.length > 0 ? options : [none]));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.move(-1);
  }

  /** An option that adds an account with the typed name, if the form can do that and no account has the name. */
  adding(found) {
    const name = this.input.value.trim();
    const isThere = found.some((account) => account.name.toLowerCase() === name.toLowerCase());
    if (!this.input.dataset.add || isThere || /^\d*$/.test(name)) return null;
    const option = element("li", { id: `${this.list.id}-new`, role: "option" }, `Add “${name}” as a new account`);
    option.dataset.value = name;
    option.dataset.add = "";
    return option;
  }

  /** Sets the name of the account to add in the form; empty for none. */
  add(name) {
    if (!this.input.dataset.add) return;
    this.added ??= element("input", { type: "hidden", name: this.input.dataset.add });
    this.added.value = name;
    this.input.after(this.added);
  }

  key(event) {
    // Input methods use Enter and the arrow keys themselves.
    if (isComposing(event)) return;
    const options = this.list.querySelectorAll("li[data-value]");
    const isOpen = !this.list.hidden;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && isOpen && options.length > 0) {
      const next = this.active + step;
      this.move(next < 0 ? options.length - 1 : next % options.length);
    } else if (event.key === "ArrowDown" && !isOpen) this.askSoon();
    else if (event.key === "Enter" && isOpen && this.active >= 0) this.pick(options[this.active]);
    else if (event.key === "Escape" && isOpen) this.close();
    else return;
    event.preventDefault();
  }

  move(to) {
    this.active = to;
    const options = this.list.querySelectorAll("li[data-value]");
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === to)));
    if (to < 0) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", options[to].id);
    options[to].scrollIntoView({ block: "nearest" });
  }

  pick(option) {
    if (!option?.dataset.value) return;
    this.input.value = option.dataset.value;
    this.add("add" in option.dataset ? option.dataset.value : "");
    this.close();
    // Tell other scripts; this is not an input event, so no new suggestions are requested.
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.move(-1);
  }
}
