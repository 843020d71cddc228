// The dialog of one tag: rename it, merge it into another one, change its aliases.

import * as api from "./api.js";
import { element, find } from "./dom.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";

const PAUSE = 120; // milliseconds without a key before the API is asked
const MAX_TARGETS = 8;

export class TagEditor {
  #tag = null;
  #opening = 0; // counts openings of the dialog, so that answers for an earlier one are ignored
  #merge = null; // {name, into, moved, isStopped}: the merge that is running or was stopped
  #request = null; // aborts the request for tags to merge into
  #timer = 0;

  // `onChange()` is called when tags have changed.
  constructor({ onChange }) {
    this.onChange = onChange;
    this.dialog = find("#editor");
    this.title = find("#editor-title");
    this.target = find("#target");
    this.button = find("#move-button");
    this.hint = find("#move-hint");
    this.message = find("#editor-message");
    this.aliases = new TagField(find("#aliases"), { label: "Aliases", placeholder: "Add an alias" });
    find(".close", this.dialog).addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => this.#stop());
    this.target.addEventListener("input", () => this.#input());
    find("#move").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#run({ name: this.#tag.name, into: this.target.value.trim().toLowerCase(), moved: 0 });
    });
    find("#aliases-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#saveAliases();
    });
    find("#stop").addEventListener("click", () => this.#stop());
    find("#continue").addEventListener("click", () => this.#run({ ...this.#merge, isStopped: false }));
  }

  async open(name) {
    this.#opening += 1;
    this.#merge = null;
    this.#say("");
    this.title.textContent = name;
    this.#offer(false);
    if (!this.dialog.open) this.dialog.showModal();
    try {
      const opening = this.#opening;
      const tag = await withToken(() => api.tag(name));
      if (opening === this.#opening) this.#show(tag);
    } catch (error) {
      this.#say(error.message);
    }
  }

  #show(tag) {
    this.#tag = tag;
    this.title.textContent = tag.name;
    this.target.value = tag.name;
    this.aliases.names = tag.aliases;
    this.#offer(true);
    this.#describe([]);
    const [unfinished] = tag.merging;
    if (unfinished) this.#merge = { name: unfinished, into: tag.name, moved: 0, isStopped: true };
    this.#showMerge();
  }

  // Let the tag be changed, or not while it is not known or being merged.
  #offer(offered) {
    for (const form of this.dialog.querySelectorAll("form")) form.inert = !offered;
  }

  #say(text) {
    this.message.textContent = text;
  }

  #input() {
    this.#request?.abort(); // its answer would be about another text
    clearTimeout(this.#timer);
    this.#describe([]);
    this.#timer = setTimeout(() => this.#complete(), PAUSE);
  }

  async #complete() {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const page = await api.tagPage({ text: this.target.value.trim().toLowerCase(), offset: 0 }, signal);
      if (!signal.aborted) this.#describe(page.items);
    } catch {
      // Completion is optional: the API decides whether the tag is renamed or merged.
    }
  }

  // Say what will happen with the name in the field; `tags` are those that contain it.
  #describe(tags) {
    const name = this.target.value.trim().toLowerCase();
    const others = tags.filter((tag) => tag.name !== this.#tag.name);
    const into = others.find((tag) => tag.name === name || tag.alias === name);
    find("#targets").replaceChildren(
      ...others.slice(0, MAX_TARGETS).map((tag) => element("option", { value: tag.name })),
    );
    this.button.textContent = into ? "Merge" : "Rename";
    this.button.disabled = !name || name === this.#tag.name;
    const { name: own } = this.#tag;
    this.hint.textContent = into
      ? `All images of ${own} get ${into.name}, which ${into.image_count} images have now. ${own} becomes an alias of it.`
      : `The old name stays as an alias.`;
  }

  // Repeat the steps of a merge until no image remains, or somebody stops it. It can be continued at any time.
  async #run(merge) {
    const opening = this.#opening;
    this.#merge = merge;
    this.#say("");
    this.#offer(false);
    this.#showMerge();
    try {
      let step = { remaining: 1 };
      while (step.remaining && !merge.isStopped) {
        step = await withToken(() => api.mergeTag(merge.name, merge.into));
        merge.moved += step.moved;
        merge.remaining = step.remaining;
        if (opening === this.#opening) this.#showMerge();
      }
      if (opening === this.#opening) this.#end(merge, step);
    } catch (error) {
      merge.isStopped = true;
      if (opening === this.#opening) this.#fail(merge, error);
    }
    this.onChange();
  }

  #end(merge, { remaining, tag }) {
    if (remaining) {
      this.#showMerge();
      return;
    }
    this.#merge = null;
    this.#show(tag);
    this.#say(`Done: ${merge.name} is an alias of ${tag.name} now.`);
  }

  // Before the first step, nothing has changed, and the names can still be edited.
  #fail(merge, error) {
    if (merge.remaining === undefined) this.#merge = null;
    this.#offer(!this.#merge);
    this.#showMerge();
    this.#say(error.message);
  }

  #stop() {
    if (!this.#merge) return;
    this.#merge.isStopped = true;
    this.#showMerge();
  }

  #showMerge() {
    const merge = this.#merge;
    find("#merging").hidden = !merge;
    if (!merge) return;
    const { name, into, moved, remaining, isStopped } = merge;
    const total = moved + (remaining ?? 0);
    const progress = total ? `: ${moved.toLocaleString()} of ${total.toLocaleString()} images` : "";
    find("#merging-text").textContent = isStopped
      ? `The merge of ${name} into ${into} is not finished${progress}. Searches find all of them already.`
      : `Merging ${name} into ${into}${progress}`;
    find("#merging-bar").value = total ? moved / total : 0;
    find("#continue").hidden = !isStopped;
    find("#stop").hidden = isStopped;
  }

  async #saveAliases() {
    const aliases = this.aliases.commit();
    if (this.aliases.input.value.trim()) return; // the text is not a valid tag, and the field says so
    const opening = this.#opening;
    try {
      const tag = await withToken(() => api.setAliases(this.#tag.name, aliases));
      if (opening !== this.#opening) return;
      this.#show(tag);
      this.#say("Saved.");
    } catch (error) {
      if (opening === this.#opening) this.#say(error.message);
      return;
    }
    this.onChange();
  }
}
