// The viewer: one image at full size, its tags and actions, and the buttons to the previous and next image.

import * as api from "./api.js";
import { copyLink, copyPicture } from "./clipboard.js";
import { bytes, find, note, openForm } from "./dom.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";

export class Viewer {
  #image = null;
  #known = new Map(); // by id: images as this page last read them, with the ETag if they were read one by one
  #saving = Promise.resolve();
  #edits = new Map(); // by id: the names of changes that are not saved yet, in their order

  // `has(image, by)` says whether there is an image before (-1) or after (1) one, `step(image, by)` resolves with it.
  // `onMove(image)` is called when another image is shown, or null when none is; `onChange(image)` when tags have
  // changed, and `onRemove(image)` when the board has the image no more.
  constructor({ has, step, onMove, onChange, onRemove }) {
    Object.assign(this, { has, step, onMove, onChange, onRemove });
    this.dialog = find("#viewer");
    this.picture = find("#viewer-image");
    this.message = find("#viewer-message");
    this.tags = new TagField(find("#viewer-tags"), {
      label: "Tags",
      placeholder: "Add a tag",
      onChange: (names) => this.#saveTags(names),
    });
    const act = (name, run) => find(`[data-act=${name}]`, this.dialog).addEventListener("click", () => this.#try(run));
    act("copy-link", () => copyLink(api.linkOf(this.#image), this.message));
    act("copy-direct-link", () => copyLink(api.directLinkOf(this.#image), this.message));
    act("copy-image", () => this.#copyImage());
    act("delete", () => this.#delete());
    find(".close", this.dialog).addEventListener("click", () => this.close());
    find(".previous", this.dialog).addEventListener("click", () => this.#go(-1));
    find(".next", this.dialog).addEventListener("click", () => this.#go(1));
    this.dialog.addEventListener("click", (event) => event.target === this.dialog && this.close());
    this.dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowLeft") this.#go(-1);
      if (event.key === "ArrowRight") this.#go(1);
    });
    this.dialog.addEventListener("cancel", () => this.close()); // the key Escape
    // The thumbnail that held the place must not show through a transparent image.
    this.picture.addEventListener("load", () => {
      this.picture.style.backgroundImage = "";
    });
    this.picture.addEventListener("error", () => this.#image && this.#try(() => this.#explainBroken(this.#image)));
  }

  get image() {
    return this.#image;
  }

  show(image) {
    this.#image = image;
    if (String(this.#known.get(image.id)?.tags) !== String(image.tags)) this.#known.set(image.id, image);
    this.message.textContent = "";
    this.#offerChanges(true);
    find("#viewer-name").textContent = image.filename;
    const type = image.mime_type.split("/")[1].toUpperCase();
    const day = new Date(image.created_at).toLocaleDateString(undefined, { dateStyle: "medium" });
    find("#viewer-facts").textContent =
      `${type} · ${image.width} × ${image.height} · ${bytes(image.size_bytes)} · ${day}`;
    this.tags.names = this.#edits.get(image.id)?.at(-1) ?? image.tags;
    this.picture.removeAttribute("src"); // or the previous image would be visible until this one is loaded
    this.picture.alt = image.tags.length ? image.tags.join(", ") : image.filename;
    this.picture.width = image.width;
    this.picture.height = image.height;
    this.picture.style.backgroundImage = `url("${api.thumbnailOf(image)}")`;
    this.picture.src = api.fileOf(image);
    const download = find("[data-act=download]", this.dialog);
    download.href = api.fileOf(image);
    find(".previous", this.dialog).disabled = !this.has(image, -1);
    find(".next", this.dialog).disabled = !this.has(image, 1);
    if (!this.dialog.open) this.dialog.showModal();
  }

  // Take the image out of the address at once, not at the `close` event: by then the viewer may show another one.
  close() {
    if (!this.#image) return;
    this.hide();
    this.onMove(null);
  }

  // Close without calling `onMove`: the address has changed already.
  hide() {
    this.#image = null;
    this.picture.removeAttribute("src");
    this.picture.style.backgroundImage = "";
    this.dialog.close();
  }

  async #go(by) {
    const image = this.#image;
    const neighbour = image && (await this.step(image, by));
    if (!neighbour || this.#image !== image) return; // the viewer may show another one since
    this.show(neighbour);
    this.onMove(neighbour);
  }

  async #try(run) {
    const image = this.#image;
    try {
      this.message.textContent = "";
      await run();
    } catch (error) {
      this.#report(error, image);
    }
  }

  // Say what is wrong with an image where the user looks for it: the viewer may have moved on.
  #report(error, image) {
    const isGone = error.code === "image_not_found";
    const text = isGone ? `${image.filename} is gone: it has been deleted.` : error.message;
    if (isGone) this.onRemove(image);
    if (this.#image?.id !== image.id) {
      note(text);
      return;
    }
    this.message.textContent = text;
    if (isGone) this.#offerChanges(false);
  }

  // Show the tags and the actions, or nothing that could be done with an image that is gone.
  #offerChanges(offered) {
    const parts = [find("#viewer-tags"), find(".details > .actions", this.dialog)];
    const hasFocus = parts.some((part) => part.contains(document.activeElement));
    for (const part of parts) part.hidden = !offered;
    if (hasFocus && !offered) find(".close", this.dialog).focus(); // the keys still go to the viewer
  }

  // The browser does not say why a picture cannot be shown.
  async #explainBroken({ id }) {
    await api.image(id); // throws if it is gone, or the board is
    if (this.#image?.id === id) this.message.textContent = "This picture cannot be shown. It may still be downloaded.";
  }

  // Save one change after the other, so that each knows the ETag of the one before. A failure drops the later changes of
  // the same image: they started from tags that it does not have.
  #saveTags(names) {
    const image = this.#image;
    const { id } = image;
    const edits = this.#edits.get(id) ?? [];
    this.#edits.set(id, edits);
    edits.push(names);
    const say = (text) => {
      if (this.#image?.id === id) this.message.textContent = text;
    };
    this.#saving = this.#saving.then(async () => {
      if (this.#edits.get(id) !== edits) return;
      try {
        const etag = await this.#etag(id);
        this.#learn(await withToken(() => api.replaceTags(id, names, etag)));
        edits.shift();
        say("Saved.");
      } catch (error) {
        const current = await api.image(id).catch(() => this.#known.get(id));
        this.#edits.delete(id); // with those made while the image was read
        this.#learn(current);
        if (this.#image?.id === id) this.tags.names = current.tags;
        const theirs = "Somebody else has changed these tags meanwhile. These are theirs.";
        if (error.code === "precondition_failed") say(theirs);
        else this.#report(error, image);
      }
    });
  }

  #learn(image) {
    this.#known.set(image.id, image);
    if (this.#image?.id === image.id) this.#image = image;
    this.onChange(image);
  }

  // The ETag of an image as this page knows it. Images of a list have none, so the image is read again: if its tags have
  // changed since, no ETag matches.
  async #etag(id) {
    const known = this.#known.get(id);
    if (known.etag) return known.etag;
    const current = await api.image(id);
    return String(current.tags) === String(known.tags) ? current.etag : '"changed"';
  }

  async #copyImage() {
    const image = this.#image;
    try {
      await copyPicture(this.picture);
      if (this.#image?.id === image.id) this.message.textContent = "Image copied.";
    } catch {
      if (this.#image?.id !== image.id) return;
      await copyLink(api.linkOf(image), this.message, "The image cannot be copied here. Its link is copied instead.");
    }
  }

  async #delete() {
    const image = this.#image;
    find("#confirm-text").textContent = `Delete ${image.filename} for everybody? This cannot be undone.`;
    if (!(await openForm(find("#confirm")))) return;
    await withToken(() => api.remove(image.id));
    if (this.#image?.id === image.id) this.close();
    this.onRemove(image);
    note(`Deleted ${image.filename}`);
  }
}
