// The box for searching. What is typed searches at once: for the best tag that it can be completed to. The tags of the
// search are chips in it; `-cat` searches for images without a tag.
//
//     →, ←     the next suggestion and the one before, at the end of the text
//     Enter    takes the suggestion     ↓  enters the grid     Escape  forgets what is typed

import { beginsWord, Completion, completions, INVALID, makeInput, normal, TAG } from "./completion.js";
import { element } from "./dom.js";
import { conditions, withTag } from "./query.js";

const MAX_OPTIONS = 12;

export class SearchBox {
  #query = null;
  #rest = ""; // text that stays when the tag before it becomes a chip
  #isAny = false; // whether the next tag is one of several
  #isChosen = false; // whether the keys have chosen a suggestion, which later answers leave alone
  #settled = Promise.resolve(); // pending while suggestions are being fetched
  #entering = null; // {image, copies}: what ↓ leads to, a promise, and the keys that were pressed before that was there

  // `onQuery(query)` is called when the user has changed the search, `onPreview(query)` while one is being typed, with
  // null when that ends. `onEnter(isWanted)` resolves when the grid has the focus, with the image that has it, or null.
  // `onCopy(image)` copies the image that a promise leads to, or nothing if that is null.
  // `suggest(query, limit, signal)` resolves with tags to refine a search by.
  constructor(root, list, { onQuery, onPreview, onEnter, onCopy, suggest }) {
    Object.assign(this, { onQuery, onPreview, onEnter, onCopy, suggest });
    this.chips = element("ul", { class: "chips", "aria-label": "Searched" });
    this.input = makeInput(list, {
      placeholder: "Search",
      enterkeyhint: "search",
      oninput: (event) => this.#input(event),
      onkeydown: (event) => this.#key(event),
    });
    this.completion = new Completion(list, {
      most: MAX_OPTIONS,
      offer: (text, limit, signal) => this.#offer(text, limit, signal),
      accept: ({ name }) => !conditions(this.#query).some(({ text }) => text === name || text === `not ${name}`),
      onChoose: (tag) => this.#take(tag.name),
    });
    this.completion.input = this.input;
    this.total = element("span", { id: "status", class: "total", role: "status" });
    const field = element(
      "div",
      { class: "tagfield", onclick: (event) => event.target === field && this.input.focus() },
      this.chips,
      this.input,
      this.total,
    );
    root.append(element("label", { for: this.input.id, class: "unseen" }, "Search by tags"), field);
    root.addEventListener("submit", (event) => event.preventDefault());
  }

  get isTyping() {
    return Boolean(this.input.value.trim());
  }

  // The search that the suggestion in use stands for, or null.
  get preview() {
    const { active } = this.completion;
    return active && withTag(this.#query, active.name, { excluded: this.#isExcluding, any: this.#isAny });
  }

  // Show another search. What is typed is forgotten.
  show(query, { isAny }) {
    this.#query = query;
    this.#isAny = isAny;
    this.chips.replaceChildren(...conditions(query).map((condition) => this.#chip(condition)));
    this.input.placeholder = conditions(query).length ? "" : "Search";
    this.input.value = this.#rest;
    this.#rest = "";
    this.input.setCustomValidity("");
    this.#complete();
  }

  focus() {
    this.input.focus();
  }

  // Fetch suggestions again after a failure.
  retry() {
    if (this.completion.error) this.#complete();
  }

  // Forget what is typed.
  clear() {
    this.input.value = "";
    this.input.setCustomValidity("");
    this.#complete();
  }

  get #isExcluding() {
    return this.input.value.trimStart().startsWith("-");
  }

  // The text to complete: up to a comma, which ends a tag.
  get #typed() {
    const [first] = this.input.value.split(",");
    return first.trim().replace(/^-/, "").trim();
  }

  #chip({ text, kind, without }) {
    return element(
      "li",
      { class: `chip ${kind}` },
      element("span", {}, text),
      element(
        "button",
        { type: "button", class: "remove", "aria-label": `Remove ${text}`, onclick: () => this.#change(without) },
        "×",
      ),
    );
  }

  #change(query) {
    this.#entering = null;
    this.onQuery(query);
    this.input.focus();
  }

  #take(name) {
    this.#change(withTag(this.#query, name, { excluded: this.#isExcluding, any: this.#isAny }));
  }

  // The tags that go together with those of the search come first, so that the best one leads to something.
  async #offer(text, limit, signal) {
    if (!text) return this.suggest(this.#query, limit, signal);
    const [tags, together] = await Promise.all([
      completions(text, limit, signal),
      this.#query.tags.length ? this.suggest(this.#query, 200, signal) : [],
    ]);
    const names = new Set(together.map(({ name }) => name));
    return [...tags.filter(({ name }) => names.has(name)), ...tags.filter(({ name }) => !names.has(name))];
  }

  #input(event) {
    this.#entering = null;
    this.input.setCustomValidity("");
    const names = this.input.value.split(",");
    if (names.length > 1 && event.inputType === "insertFromPaste") this.#takeAll(names);
    else this.#complete();
  }

  // Ask for suggestions, and show what the best one finds.
  #complete() {
    const typed = this.#typed;
    this.#isChosen = false;
    this.#settled = this.completion.complete(typed).then((isCurrent) => {
      if (isCurrent) this.#apply(typed);
    });
    if (!typed) return;
    this.completion.activate(0);
    // The best option so far is mostly right, so its pictures are fetched while the board completes the text.
    const { active } = this.completion;
    if (active && beginsWord(active, typed)) this.onPreview(this.preview, {});
  }

  #apply(typed) {
    const { completion, input } = this;
    if (typed && !(this.#isChosen && completion.active)) completion.activate(0);
    if (typed && this.#separate(typed)) return;
    input.setCustomValidity("");
    const unknown = typed && !completion.options.length ? `No tag matches “${typed}”.` : "";
    this.onPreview(this.preview, { problem: (typed && completion.error?.message) || unknown });
  }

  // A comma ends a tag. So does a space, unless a suggestion continues with a separator there. Where nothing continues with
  // what follows a space, what stands before it is a tag.
  #separate(typed) {
    const { value } = this.input;
    const { found } = this.completion;
    const names = (tag) => [tag.name, tag.alias].filter(Boolean).map(normal);
    const exact = found.find((tag) => names(tag).includes(normal(typed)));
    const comma = value.indexOf(",");
    if (comma >= 0) {
      this.#rest = value.slice(comma + 1);
      if (exact ?? this.completion.active) this.#take((exact ?? this.completion.active).name);
      else this.#takeAll([value.slice(0, comma)]);
      return true;
    }
    const continues = found.some((tag) => names(tag).some((name) => name.startsWith(`${normal(typed)}-`)));
    if (/\s$/.test(value) && exact && !continues) {
      this.#take(exact.name);
      return true;
    }
    const head = typed.replace(/\s+\S*$/, "");
    if (found.length || head === typed || !TAG.test(normal(head))) return false;
    this.#rest = typed.slice(head.length).trim();
    this.#take(normal(head));
    return true;
  }

  // Take several names as they are.
  #takeAll(texts) {
    const names = texts.map((text) => text.trim().toLowerCase()).filter(Boolean);
    const query = names.reduce((all, name) => {
      const excluded = name.startsWith("-");
      return withTag(all, excluded ? name.slice(1) : name, { excluded, any: this.#isAny });
    }, this.#query);
    if (names.every((name) => TAG.test(name.replace(/^-/, "")))) this.#change(query);
    else this.#refuse();
  }

  #refuse() {
    this.input.setCustomValidity(INVALID);
    this.input.reportValidity();
  }

  #key(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const run = this.#actionOf(event.key);
    if (!run) return;
    event.preventDefault();
    run();
  }

  #actionOf(key) {
    const { completion, input } = this;
    const { activeIndex } = completion;
    const atEnd = input.selectionStart === input.value.length && input.selectionEnd === input.value.length;
    if (key === "Enter" && this.#entering) return () => this.#copy(this.#entering);
    if (key === "ArrowDown") return () => this.#enter();
    if (key === "Enter" && (this.isTyping || completion.active)) return () => this.#commit();
    if (key === "ArrowRight" && atEnd && activeIndex + 1 < completion.options.length)
      return () => this.#choose(activeIndex + 1);
    if (key === "ArrowLeft" && atEnd && activeIndex >= (this.isTyping ? 1 : 0))
      return () => this.#choose(activeIndex - 1);
    if (key === "Escape" && (input.value || completion.active)) return () => this.clear();
    const last = conditions(this.#query).at(-1);
    if (key === "Backspace" && !input.value && last) return () => this.#change(last.without);
    return null;
  }

  #choose(index) {
    this.#isChosen = true;
    this.completion.activate(index);
    this.onPreview(this.preview, {});
  }

  // Take the suggestion for what is typed, once it is there.
  async #commit() {
    const { value } = this.input;
    await this.#settled;
    if (this.input.value !== value) return;
    const { active } = this.completion;
    if (active) this.#take(active.name);
    else if (!TAG.test(normal(this.#typed))) this.#refuse();
    else if (this.completion.error) this.#takeAll([value]);
  }

  // Enter the grid once it shows what is typed.
  #enter() {
    if (this.#entering) return;
    const entering = { copies: false };
    this.#entering = entering;
    entering.image = this.#focusFirst(() => this.#entering === entering);
  }

  // Resolves with the image that has the focus then, or null if that is not wanted any more. If nothing matches what is
  // typed, or the board does not answer, the pictures in the grid are others, and the box keeps the focus.
  async #focusFirst(isWanted) {
    await this.#settled;
    const leads = !this.isTyping || this.completion.active;
    const image = leads && isWanted() ? await this.onEnter(isWanted) : null;
    if (!isWanted()) return null;
    this.#entering = null;
    return image;
  }

  // Copy what ↓ leads to. The browser must be asked at once, while the key is pressed.
  #copy(entering) {
    if (entering.copies) return;
    entering.copies = true;
    this.onCopy(entering.image);
  }
}
