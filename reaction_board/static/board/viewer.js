// One picture, large: what can be done with it, and the way to those before and after it.

import * as api from "./api.js";
import { bytes, find } from "./dom.js";
import { TagField } from "./tags.js";

export class Viewer {
  #image = null;
  #saving = Promise.resolve();

  // `step(image, by)` gives the image before (-1) or after (1) one, or nothing; `moved(image)` is told which one is
  // shown, null for none; `changed(image)` and `removed(image)` what became of it.
  constructor({ step, moved, changed, removed }) {
    Object.assign(this, { step, moved, changed, removed });
    this.dialog = find("#viewer");
    this.picture = find("#viewer-image");
    this.said = find("#viewer-said");
    this.tags = new TagField(find("#viewer-tags"), {
      label: "Tags",
      placeholder: "Add a tag",
      changed: (names) => this.#saveTags(names),
    });
    const act = (name, run) => find(`[data-act=${name}]`, this.dialog).addEventListener("click", () => this.#try(run));
    act("copy-link", () => this.#copyLink());
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
    this.dialog.addEventListener("close", () => {
      if (!this.#image) return;
      this.hide();
      this.moved(null);
    });
    this.picture.addEventListener("error", () => {
      if (this.#image) this.said.textContent = "This picture cannot be shown. It may still be downloaded.";
    });
  }

  get image() {
    return this.#image;
  }

  show(image) {
    this.#image = image;
    this.said.textContent = "";
    find("#viewer-name").textContent = image.filename;
    const type = image.mime_type.split("/")[1].toUpperCase();
    const day = new Date(image.created_at).toLocaleDateString(undefined, { dateStyle: "medium" });
    find("#viewer-facts").textContent = `${type} · ${image.width} × ${image.height} · ${bytes(image.size_bytes)} · ${day}`;
    this.tags.names = image.tags;
    this.picture.removeAttribute("src"); // or the one before would be seen until this one has come
    this.picture.alt = image.tags.length ? image.tags.join(", ") : image.filename;
    this.picture.width = image.width;
    this.picture.height = image.height;
    this.picture.style.backgroundImage = `url("${api.thumbnailOf(image)}")`;
    this.picture.src = api.fileOf(image);
    const download = find("[data-act=download]", this.dialog);
    download.href = api.fileOf(image);
    download.download = image.filename;
    find(".previous", this.dialog).disabled = !this.step(image, -1);
    find(".next", this.dialog).disabled = !this.step(image, 1);
    if (!this.dialog.open) this.dialog.showModal();
  }

  close() {
    if (this.dialog.open) this.dialog.close();
  }

  // Without telling anybody: the address has changed already.
  hide() {
    this.#image = null;
    this.picture.removeAttribute("src");
    this.picture.style.backgroundImage = "";
    this.close();
  }

  async #go(by) {
    const there = this.#image && (await this.step(this.#image, by));
    if (!there) return;
    this.show(there);
    this.moved(there);
  }

  async #try(run) {
    try {
      this.said.textContent = "";
      await run();
    } catch (error) {
      this.said.textContent = error.message;
    }
  }

  // One change after the other, so that each knows the ETag that the one before left.
  #saveTags(names) {
    const { id } = this.#image;
    this.#saving = this.#saving.then(() =>
      this.#try(async () => {
        try {
          const saved = await api.replaceTags(id, names, (await this.#current(id)).etag);
          this.changed(saved);
          if (this.#image?.id === id) this.#image = saved;
          this.said.textContent = "Saved.";
        } catch (error) {
          const there = await api.image(id).catch(() => this.#image);
          if (this.#image?.id === id) this.tags.names = there.tags;
          if (error.code !== "precondition_failed") throw error;
          this.changed(there);
          this.#image = there;
          this.said.textContent = "Somebody else has changed these tags meanwhile. These are theirs.";
        }
      }),
    );
  }

  // The image with its ETag: that of a list has none, so it is asked for, and held against what is shown.
  async #current(id) {
    if (this.#image?.id === id && this.#image.etag) return this.#image;
    const there = await api.image(id);
    if (this.#image?.id === id && String(there.tags) !== String(this.#image.tags)) return { ...there, etag: '"changed"' };
    return there;
  }

  async #copyLink() {
    await navigator.clipboard.writeText(api.linkOf(this.#image));
    this.said.textContent = "Link copied.";
  }

  // Clipboards take PNG alone: of an animation it is the frame that is shown.
  async #copyImage() {
    const { picture } = this;
    await picture.decode();
    const png = new Promise((resolve) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: picture.naturalWidth, height: picture.naturalHeight });
      canvas.getContext("2d").drawImage(picture, 0, 0);
      canvas.toBlob(resolve, "image/png");
    });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    this.said.textContent = "Image copied.";
  }

  async #delete() {
    const image = this.#image;
    const dialog = find("#confirm");
    find("#confirm-text").textContent = `Delete ${image.filename} for everybody? This cannot be undone.`;
    dialog.returnValue = "no";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "yes") return;
    await api.remove(image.id);
    this.close();
    this.removed(image);
  }
}
