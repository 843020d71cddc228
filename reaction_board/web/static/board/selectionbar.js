// The bar of the selected images: add and remove tags, download, delete.

import * as api from "./api.js";
import { element, find, imageCount, note, openForm } from "./dom.js";
import { fileNameOf } from "./dragging.js";
import { Selection } from "./selection.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";

export class SelectionBar {
  #isBusy = false;

  // `grid` is {root, images}. `onChange(images)` is called when tags have changed, `onRemove(images)` when these
  // images are no longer on the board, and `onDelete(images)` when the user wants to delete them.
  constructor(grid, { onChange, onRemove, onDelete }) {
    Object.assign(this, { grid, onChange, onRemove, onDelete });
    this.selection = new Selection(grid, { onChange: () => this.#show() });
    this.bar = find("#selection");
    this.status = find("#selection-status");
    this.field = new TagField(find("#tags-to-add"), { label: "Tags to add", placeholder: "cat, funny" });
    const listen = (id, run) => find(id).addEventListener("click", run);
    listen("#add-tags", () => this.#askForTags());
    listen("#remove-tags", () => this.#askWhichTags());
    listen("#download-selected", () => this.#run((each) => this.#download(each)));
    listen("#delete-selected", () => this.#delete());
    listen("#selection-end", () => this.end());
    find("#adding form").addEventListener("submit", (event) => this.#checkTags(event), { capture: true });
  }

  begin() {
    this.selection.begin();
  }

  end() {
    const hadFocus = this.bar.contains(document.activeElement) || document.activeElement === document.body;
    this.selection.end();
    if (hadFocus) this.grid.root.focus({ preventScroll: true });
  }

  #show() {
    const { isOn, images: selected } = this.selection;
    this.bar.hidden = !isOn;
    this.#say(selected.length ? `${selected.length.toLocaleString()} selected` : "Select images");
    for (const button of this.bar.querySelectorAll("[data-needs-images]")) button.disabled = !selected.length;
  }

  #say(text) {
    this.status.textContent = text;
  }

  // Text that is not a valid tag keeps the dialog open, and its field says why.
  #checkTags(event) {
    const names = this.field.commit();
    if (names.length && !this.field.input.value.trim()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.field.focus();
  }

  async #askForTags() {
    const count = this.selection.images.length;
    this.field.names = [];
    this.field.clear();
    find("#adding-title").textContent = `Add tags to ${imageCount(count)}`;
    if (await openForm(find("#adding"))) this.#run((each) => this.#changeTags(each, { add: this.field.names }));
  }

  async #askWhichTags() {
    const selected = this.selection.images;
    const counts = new Map();
    for (const { tags } of selected) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
    const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    find("#removing-title").textContent = `Remove tags from ${imageCount(selected.length)}`;
    find("#tags-to-remove").replaceChildren(
      ...sorted.map(([tag, count]) =>
        element(
          "label",
          {},
          element("input", { type: "checkbox", value: tag }),
          element("span", {}, tag),
          element("span", { class: "count" }, imageCount(count)),
        ),
      ),
    );
    if (!sorted.length) {
      note("The selected images have no tags.");
      return;
    }
    if (!(await openForm(find("#removing")))) return;
    const remove = [...find("#tags-to-remove").querySelectorAll(":checked")].map(({ value }) => value);
    if (remove.length) this.#run((each) => this.#changeTags(each, { remove }));
  }

  #delete() {
    const { images } = this.selection;
    this.end();
    this.onDelete(images);
  }

  // Run an action on the selected images, and report an error.
  async #run(act) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.bar.inert = true;
    try {
      await act(this.selection.images);
    } catch (error) {
      note(error.message);
    }
    this.#isBusy = false;
    this.bar.inert = false;
    this.#show();
  }

  async #changeTags(selected, change) {
    const gone = new Set();
    for (let start = 0; start < selected.length; start += api.AT_ONCE) {
      if (start) this.#say(`Changed ${start.toLocaleString()} of ${imageCount(selected.length)}`);
      const ids = selected.slice(start, start + api.AT_ONCE).map(({ id }) => id);
      const changed = await withToken(() => changeTags(ids, change, gone));
      this.selection.update(changed);
      this.onChange(changed);
    }
    const [done, names] = change.add ? ["Added", change.add] : ["Removed", change.remove];
    note(`${done} ${names.join(", ")}: ${imageCount(selected.length - gone.size)}.`);
    if (gone.size) this.onRemove(selected.filter(({ id }) => gone.has(id)));
    if (gone.size) note(`${imageCount(gone.size)} had already been deleted.`);
    this.end();
  }

  // One after the other: browsers drop downloads that begin together.
  async #download(selected) {
    for (const [index, image] of selected.entries()) {
      this.#say(`Downloading ${index + 1} of ${selected.length}`);
      const href = URL.createObjectURL(await api.bytesOf(image));
      element("a", { href, download: fileNameOf(image) }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60_000); // the browser may still read it
    }
    this.end();
  }
}

// Change tags of images; leave those out that have been deleted meanwhile, and add their ids to `gone`.
async function changeTags(ids, change, gone) {
  for (;;) {
    const left = ids.filter((id) => !gone.has(id));
    if (!left.length) return [];
    try {
      return await api.changeTags(left, change);
    } catch (error) {
      const missing = error.code === "image_not_found" ? left.filter((id) => error.message.includes(id)) : [];
      if (!missing.length) throw error;
      for (const id of missing) gone.add(id);
    }
  }
}
