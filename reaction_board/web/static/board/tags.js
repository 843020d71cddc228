// A field of tags: chips, and a box that completes what is typed. The pattern is ARIA's combobox with a list.

import * as api from "./api.js";
import { element } from "./dom.js";

const TAG = /^[a-z0-9_-]{1,64}$/;
const MAX_OPTIONS = 8;
const PAUSE = 120; // milliseconds without a key before the API is asked

let serial = 0;

export class TagField {
  #names = [];
  #options = [];
  #active = -1;
  #timer = 0;
  #request = null; // aborts the request for tags that is under way

  // `onChange` is called with the names after each change by the user. An `eager` field offers tags before anything is typed.
  constructor(root, { label, placeholder, onChange, eager = false }) {
    const id = `tags-${++serial}`;
    this.onChange = onChange;
    this.chips = element("ul", { class: "chips", "aria-label": `${label}: chosen` });
    this.input = element("input", {
      id,
      type: "text",
      role: "combobox",
      placeholder,
      autocomplete: "off",
      autocapitalize: "none",
      spellcheck: "false",
      enterkeyhint: "done",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": `${id}-list`,
      oninput: () => this.#input(),
      onkeydown: (event) => this.#key(event),
      onblur: () => this.#close(),
      onfocus: () => eager && this.#complete(),
    });
    this.list = element("ul", {
      id: `${id}-list`,
      role: "listbox",
      class: "options",
      "aria-label": `${label}: known tags`,
      hidden: true,
    });
    const field = element(
      "div",
      { class: "tagfield", onclick: (event) => event.target === field && this.input.focus() },
      this.chips,
      this.input,
    );
    root.append(
      element("label", { for: id, class: "field-label" }, label),
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

  // Turn what is typed into chips, and return all names.
  commit() {
    if (this.input.value.trim()) this.#add(this.input.value);
    return this.names;
  }

  focus() {
    this.input.focus();
  }

  #draw() {
    this.chips.replaceChildren(
      ...this.#names.map((name) =>
        element(
          "li",
          {},
          element(
            "button",
            { type: "button", class: "chip", "aria-label": `Remove ${name}`, onclick: () => this.#remove(name) },
            name,
            element("span", { "aria-hidden": "true" }, " ×"),
          ),
        ),
      ),
    );
  }

  #add(text) {
    const names = text
      .split(/[\s,]+/)
      .map((name) => name.toLowerCase())
      .filter(Boolean);
    const invalid = names.find((name) => !TAG.test(name));
    if (invalid) {
      this.input.setCustomValidity("A tag has 1 to 64 of the characters a-z, 0-9, '_' and '-'.");
      this.input.reportValidity();
      return;
    }
    this.input.value = "";
    this.#close();
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
    if (/[,\s]$/.test(this.input.value)) {
      this.#add(this.input.value);
      return;
    }
    this.#request?.abort(); // its answer would be about another text
    // Until the API answers, offer only the tags that fit the text.
    const prefix = this.input.value.trim().toLowerCase();
    this.#show(this.#options.filter((tag) => tag.name.startsWith(prefix)));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#complete(), PAUSE);
  }

  async #complete() {
    this.#request?.abort();
    this.#request = new AbortController();
    const { signal } = this.#request;
    const prefix = this.input.value.trim().toLowerCase();
    try {
      const tags = await api.tags(prefix, Math.min(MAX_OPTIONS + this.#names.length, 200), signal);
      if (signal.aborted || document.activeElement !== this.input) return;
      const selected = this.#options[this.#active]?.name; // an answer must not take away what the keys have chosen
      this.#show(tags.filter((tag) => !this.#names.includes(tag.name) && tag.image_count).slice(0, MAX_OPTIONS));
      const index = this.#options.findIndex((tag) => tag.name === selected);
      if (index >= 0) this.#activate(index);
    } catch {
      if (!signal.aborted) this.#close(); // completion is a help, not a need: what is typed counts without it
    }
  }

  #show(tags) {
    this.#options = tags;
    this.#active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(
      ...tags.map((tag, index) =>
        element(
          "li",
          {
            id: `${this.list.id}-${index}`,
            role: "option",
            "aria-selected": "false",
            // Before the input would lose the focus, and the list vanish.
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => this.#add(tag.name),
          },
          element("span", {}, tag.name),
          element("span", { class: "count", "aria-label": `on ${tag.image_count} images` }, String(tag.image_count)),
        ),
      ),
    );
    this.list.hidden = !tags.length;
    this.input.setAttribute("aria-expanded", String(Boolean(tags.length)));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#request?.abort();
    this.#show([]);
  }

  #activate(index) {
    const count = this.#options.length;
    if (!count) return;
    this.#active = (index + count) % count;
    const option = this.list.children[this.#active];
    for (const other of this.list.children) other.setAttribute("aria-selected", String(other === option));
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && this.list.hidden) this.#complete();
    else if (event.key === "ArrowDown") this.#activate(this.#active + 1);
    else if (event.key === "ArrowUp") this.#activate(this.#active < 0 ? -1 : this.#active - 1);
    else if (event.key === "Enter") {
      if (this.#active >= 0) this.#add(this.#options[this.#active].name);
      else if (this.input.value.trim()) this.#add(this.input.value);
      else return;
    } else if (event.key === "Escape" && this.#options.length) {
      this.#close();
      event.stopPropagation();
    } else if (event.key === "Escape" && this.input.value) {
      this.input.value = "";
      this.input.setCustomValidity("");
      this.#close(); // what was to be completed is gone, too
      event.stopPropagation();
    } else if (event.key === "Backspace" && !this.input.value && this.#names.length) {
      this.#remove(this.#names.at(-1));
    } else return;
    event.preventDefault();
  }
}
