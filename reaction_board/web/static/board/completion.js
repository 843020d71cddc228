// Completion: what the board offers for what is typed, and the list that shows it. The pattern is ARIA's combobox with a
// list, for the search and for fields of tags.

import * as api from "./api.js";
import { element } from "./dom.js";

export const TAG = /^[a-z0-9_-]{1,64}$/;
export const INVALID = "A tag has 1 to 64 of the characters a-z, 0-9, '_' and '-'.";
const MORE = 16; // options to fetch beyond those shown: some are chosen already, and some continue with a separator

// As the API compares: separators are alike, and a space may stand for one.
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

// A box for text that is completed.
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
  found = []; // these, and the ones that were fetched beyond them
  failed = false; // whether the board has not answered
  #active = -1;
  #request = null; // aborts the request for options that is under way

  // `offer(text, signal)` resolves with options; `accept(option)` says whether one is shown. `onChoose(option)` is called
  // when one is clicked.
  constructor(list, { most, offer = completions, accept = () => true, onChoose }) {
    Object.assign(this, { list, most, offer, accept, onChoose });
  }

  // The box that has the keys; it is made with the list.
  set input(input) {
    this.box = input;
  }

  get active() {
    return this.options[this.#active] ?? null;
  }

  get activeIndex() {
    return this.#active;
  }

  // Ask for what a text can be completed to. Resolves with whether the options are shown, and not those of a later text.
  // Until the answer is there, the options that fit the text are shown.
  async complete(text) {
    this.#request?.abort(); // its answer would be about another text
    this.#request = new AbortController();
    const { signal } = this.#request;
    const typed = normal(text);
    const fits = ({ name, alias }) => normal(alias ?? name).includes(typed);
    this.#show(this.found.filter(fits).filter(this.accept).slice(0, this.most), { keepsActive: false });
    try {
      const found = await this.offer(text, this.most + MORE, signal);
      if (signal.aborted) return false;
      this.failed = false;
      this.found = found;
      this.#show(found.filter(this.accept).slice(0, this.most), { keepsActive: true });
      return true;
    } catch {
      if (signal.aborted) return false;
      this.close(); // completion is a help, not a need: what is typed counts without it
      this.failed = true;
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

  // An answer must not take away what the keys have chosen.
  #show(options, { keepsActive }) {
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
        // Before the input would lose the focus, and the list vanish.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.onChoose(option),
      },
      element("span", {}, alias ? `${alias} → ${name}` : name),
      element("span", { class: "count", "aria-label": `on ${number} images` }, number.toLocaleString()),
    );
  }
}

// The tags that images have and that a text can be completed to, the most popular ones without a text.
export async function completions(text, limit, signal) {
  const tags = await (text.trim() ? api.matchingTags(text, limit, signal) : api.popularTags(limit, signal));
  return tags.filter((tag) => tag.image_count);
}
