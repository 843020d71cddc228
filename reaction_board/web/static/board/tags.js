// A field of tags: chips, and a text field with completion.

import { Completion, INVALID, makeInput, makeList, TAG } from "./completion.js";
import { element } from "./dom.js";

const MAX_OPTIONS = 8;

let isPressed = false; // the button of the mouse, or a finger
for (const type of ["pointerdown", "pointerup", "pointercancel"]) {
  const press = () => {
    isPressed = type === "pointerdown";
  };
  addEventListener(type, press, { capture: true });
}

export class TagField {
  #names = [];

  // `onChange` is called with the names after each change by the user. With `searchOf(name)`, the address of a search, the
  // name of a chip is a link to it, and `onSearch(name)` is called instead of following the link.
  constructor(root, { label, placeholder, onChange, searchOf, onSearch }) {
    Object.assign(this, { onChange, searchOf, onSearch });
    this.chips = element("ul", { class: "chips", "aria-label": `${label}: chosen` });
    this.list = makeList(`${label}: known tags`);
    this.input = makeInput(this.list, {
      placeholder,
      enterkeyhint: "done",
      oninput: () => this.#input(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#closeOnceReleased(),
    });
    this.completion = new Completion(this.list, {
      most: MAX_OPTIONS,
      accept: (tag) => !this.#names.includes(tag.name),
      onChoose: (tag) => this.#add(tag.name),
    });
    this.completion.input = this.input;
    const field = element(
      "div",
      { class: "tagfield", onclick: (event) => event.target === field && this.input.focus() },
      this.chips,
      this.input,
    );
    root.append(
      element("label", { for: this.input.id, class: "field-label" }, label),
      element("div", { class: "combo" }, field, this.list),
    );
  }

  get names() {
    return [...this.#names];
  }

  // Show other names, without calling `onChange`.
  set names(names) {
    this.#names = [...names];
    this.#draw();
  }

  // Turn the typed text into chips, and return all names.
  commit() {
    if (this.input.value.trim()) this.#add(this.input.value);
    return this.names;
  }

  // Forget what is typed.
  clear() {
    this.input.value = "";
    this.input.setCustomValidity("");
    this.completion.close();
  }

  focus() {
    this.input.focus();
  }

  // In a dialog, the list moves the buttons below it. If it closed while a button is pressed, the button would move away
  // before the click ends.
  #closeOnceReleased() {
    const close = () => document.activeElement !== this.input && this.completion.close();
    if (isPressed) addEventListener("pointerup", () => setTimeout(close), { once: true });
    else close();
  }

  #draw() {
    this.chips.replaceChildren(...this.#names.map((name) => element("li", { class: "chip" }, ...this.#chip(name))));
  }

  #chip(name) {
    const search = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.onSearch(name);
    };
    return [
      this.searchOf ? element("a", { href: this.searchOf(name), onclick: search }, name) : element("span", {}, name),
      element(
        "button",
        { type: "button", class: "remove", "aria-label": `Remove ${name}`, onclick: () => this.#remove(name) },
        "×",
      ),
    ];
  }

  #add(text) {
    const names = text
      .split(/[\s,]+/)
      .map((name) => name.toLowerCase())
      .filter(Boolean);
    if (names.some((name) => !TAG.test(name))) {
      this.input.setCustomValidity(INVALID);
      this.input.reportValidity();
      return;
    }
    this.clear();
    const additions = names.filter((name) => !this.#names.includes(name));
    if (additions.length) this.#change([...this.#names, ...new Set(additions)]);
  }

  #remove(name) {
    this.#change(this.#names.filter((other) => other !== name));
    this.input.focus();
  }

  #change(names) {
    this.names = names;
    this.onChange?.(this.names);
  }

  #input() {
    this.input.setCustomValidity("");
    if (/[,\s]$/.test(this.input.value)) this.#add(this.input.value);
    else if (this.input.value.trim()) this.completion.complete(this.input.value);
    else this.completion.close();
  }

  #key(event) {
    if (event.isComposing) return;
    const { completion } = this;
    const count = completion.options.length;
    if (event.key === "ArrowDown" && !count) completion.complete(this.input.value);
    else if (event.key === "ArrowDown") completion.activate((completion.activeIndex + 1) % count);
    else if (event.key === "ArrowUp" && count)
      completion.activate(((completion.activeIndex < 0 ? 0 : completion.activeIndex) - 1 + count) % count);
    else if (event.key === "Enter") {
      if (completion.active) this.#add(completion.active.name);
      else if (this.input.value.trim()) this.#add(this.input.value);
      else return;
    } else if (event.key === "Escape" && count) {
      completion.close();
      event.stopPropagation();
    } else if (event.key === "Escape" && this.input.value) {
      this.clear(); // what was to be completed is gone, too
      event.stopPropagation();
    } else if (event.key === "Backspace" && !this.input.value && this.#names.length) {
      this.#remove(this.#names.at(-1));
    } else return;
    event.preventDefault();
  }
}
