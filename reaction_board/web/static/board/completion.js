// Completion of typed tags, for the search and for fields of tags. The pattern is ARIA's combobox with a list.

import * as api from "./api.js";
import { element } from "./dom.js";

export const TAG = /^[a-z0-9_-]{1,64}$/;
export const INVALID = "A tag has 1 to 64 of the characters a-z, 0-9, '_' and '-'.";
const MORE = 16; // options to fetch beyond those shown: some are chosen already, and some continue with a separator

// Compare as the API does: all separators are equal, and a space can stand for one.
export const normal = (text) =>
  text
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-");

// Whether a word of an option begins with a text.
export function beginsWord({ name, alias }, text) {
  const words = normal(alias ?? name);
  return words.startsWith(normal(text)) || words.includes(`-${normal(text)}`);
}

let serial = 0;

// A text field with completion.
export function makeInput(list, attributes) {
  return element("input", {
    id: `tags-${++serial}`,
    type: "text",
    role: "combobox",
    autocomplete: "off",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
    ...attributes,
  });
}

export const makeList = (label) =>
  element("ul", { id: `options-${++serial}`, role: "listbox", class: "options", "aria-label": label, hidden: true });

export class Completion {
  options = []; // those that are shown
  found = []; // these, and further ones that were fetched
  error = null; // why the last request failed
  #active = -1;
  #request = null; // aborts the request for options that is under way

  // `offer(text, signal)` resolves with options; `accept(option)` says whether one is shown. `onChoose(option)` is called
  // when one is clicked.
  constructor(list, { most, offer = completions, accept = () => true, onChoose }) {
    Object.assign(this, { list, most, offer, accept, onChoose });
  }

  // The text field. It is created together with the list.
  set input(input) {
    this.box = input;
  }

  get active() {
    return this.options[this.#active] ?? null;
  }

  get activeIndex() {
    return this.#active;
  }

  // Fetch completions of a text, and show them. Resolves with false if the text has changed since. Until the answer
  // arrives, the previous options that fit are shown.
  async complete(text) {
    this.#request?.abort(); // its answer would be about another text
    this.#request = new AbortController();
    const { signal } = this.#request;
    const typed = normal(text);
    const fits = ({ name, alias }) => normal(alias ?? name).includes(typed);
    this.#show(this.found.filter(fits), { keepsActive: false });
    try {
      const found = await this.offer(text, this.most + MORE, signal);
      if (signal.aborted) return false;
      this.error = null;
      this.found = found;
      this.#show(found, { keepsActive: true });
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.close(); // completion is optional: the typed text counts without it
      this.error = error;
      return true;
    }
  }

  close() {
    this.#request?.abort();
    this.found = [];
    this.#show([], { keepsActive: false });
  }

  // Select an option, or none with -1.
  activate(index) {
    this.#active = index;
    const option = this.list.children[index];
    for (const other of this.list.children) other.setAttribute("aria-selected", String(other === option));
    if (!option) {
      this.box.removeAttribute("aria-activedescendant");
      return;
    }
    this.box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // A tag may be found by its name and by an alias. It is one option. A late answer must not replace an option that was
  // selected by keys.
  #show(found, { keepsActive }) {
    const isFirst = ({ name }, at) => found.findIndex((other) => other.name === name) === at;
    const options = found.filter(isFirst).filter(this.accept).slice(0, this.most);
    const chosen = keepsActive ? this.active?.name : undefined;
    this.options = options;
    this.list.replaceChildren(...options.map((option, index) => this.#draw(option, index)));
    this.list.hidden = !options.length;
    this.box.setAttribute("aria-expanded", String(options.length > 0));
    this.activate(options.findIndex(({ name }) => name === chosen));
  }

  #draw(option, index) {
    const { name, alias, image_count: count, together } = option;
    const number = together ?? count;
    return element(
      "li",
      {
        id: `${this.list.id}-${index}`,
        role: "option",
        "aria-selected": "false",
        // On pointerdown, before the input loses the focus and the list closes.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.onChoose(option),
      },
      element("span", {}, alias ? `${alias} → ${name}` : name),
      element("span", { class: "count", "aria-label": `on ${number} images` }, number.toLocaleString()),
    );
  }
}

// Completions of a text that are on images. Without a text, the most popular tags.
export async function completions(text, limit, signal) {
  const tags = await (text.trim() ? api.matchingTags(text, limit, signal) : api.popularTags(limit, signal));
  return tags.filter((tag) => tag.image_count);
}
