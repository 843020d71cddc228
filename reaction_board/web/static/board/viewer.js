// One picture, large: what can be done with it, and the way to those before and after it.

import * as api from "./api.js";
import { bytes, find } from "./dom.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";

export class Viewer {
  #image = null;
  #known = new Map(); // by id: images as this page knows them, with the ETag once it is known
  #saving = Promise.resolve();
  #conflicts = 0;

  // `has(image, by)` says whether there is an image before (-1) or after (1) one, `step(image, by)` gives it, in time;
  // `moved(image)` is told which one is shown, null for none; `changed(image)` and `removed(image)` what became of it.
  constructor({ has, step, moved, changed, removed }) {
    Object.assign(this, { has, step, moved, changed, removed });
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
    find("[data-act=copy-image]", this.dialog).hidden = !navigator.clipboard?.write; // as on a page without TLS
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
    // What is transparent must not show the thumbnail that held the place.
    this.picture.addEventListener("load", () => {
      this.picture.style.backgroundImage = "";
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
    if (String(this.#known.get(image.id)?.tags) !== String(image.tags)) this.#known.set(image.id, image);
    this.said.textContent = "";
    find("#viewer-name").textContent = image.filename;
    const type = image.mime_type.split("/")[1].toUpperCase();
    const day = new Date(image.created_at).toLocaleDateString(undefined, { dateStyle: "medium" });
    find("#viewer-facts").textContent =
      `${type} · ${image.width} × ${image.height} · ${bytes(image.size_bytes)} · ${day}`;
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
    find(".previous", this.dialog).disabled = !this.has(image, -1);
    find(".next", this.dialog).disabled = !this.has(image, 1);
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
    const image = this.#image;
    const there = image && (await this.step(image, by));
    if (!there || this.#image !== image) return; // it may have been left while the next ones were fetched
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

  // One change after the other, so that each knows the ETag that the one before left. After a conflict, those that wait
  // behind it are dropped: they were made from tags that are no longer there.
  #saveTags(names) {
    const { id } = this.#image;
    const conflicts = this.#conflicts;
    const say = (text) => {
      if (this.#image?.id === id) this.said.textContent = text;
    };
    this.#saving = this.#saving.then(async () => {
      if (conflicts !== this.#conflicts) return;
      try {
        const etag = await this.#etag(id);
        this.#learn(await withToken(() => api.replaceTags(id, names, etag)));
        say("Saved.");
      } catch (error) {
        this.#conflicts += 1;
        const there = await api.image(id).catch(() => this.#known.get(id));
        this.#learn(there);
        if (this.#image?.id === id) this.tags.names = there.tags;
        const theirs = "Somebody else has changed these tags meanwhile. These are theirs.";
        say(error.code === "precondition_failed" ? theirs : error.message);
      }
    });
  }

  #learn(image) {
    this.#known.set(image.id, image);
    if (this.#image?.id === image.id) this.#image = image;
    this.changed(image);
  }

  // The ETag of an image as this page knows it. An image of a list has none, so it is asked for: if the tags are others
  // by now, no ETag is right.
  async #etag(id) {
    const known = this.#known.get(id);
    if (known.etag) return known.etag;
    const there = await api.image(id);
    return String(there.tags) === String(known.tags) ? there.etag : '"changed"';
  }

  async #copyLink() {
    const link = api.linkOf(this.#image);
    if (!navigator.clipboard) {
      this.said.textContent = link; // to be copied by hand: a page without TLS may not
      getSelection().selectAllChildren(this.said);
      return;
    }
    await navigator.clipboard.writeText(link);
    this.said.textContent = "Link copied.";
  }

  // Clipboards take PNG alone: of an animation it is the frame that is shown.
  async #copyImage() {
    const { picture } = this;
    const png = picture.decode().then(() => {
      const canvas = Object.assign(document.createElement("canvas"), {
        width: picture.naturalWidth,
        height: picture.naturalHeight,
      });
      canvas.getContext("2d").drawImage(picture, 0, 0);
      return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
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
    await withToken(() => api.remove(image.id));
    if (this.#image?.id === image.id) this.close();
    this.removed(image);
  }
}
