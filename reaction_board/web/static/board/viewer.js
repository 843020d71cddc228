// The viewer: one image, its tags and actions, and the buttons to the previous and next image.

import * as api from "./api.js";
import { bytes, find, note } from "./dom.js";
import { MenuButton } from "./menubutton.js";
import { addressOf, EMPTY } from "./query.js";
import * as sharing from "./sharing.js";
import { SimilarStrip } from "./similar-strip.js";
import { Stage } from "./stage.js";
import { TagEdits } from "./tagedits.js";
import { TagField } from "./tags.js";
import { describe } from "./tiles.js";

export class Viewer {
  #image = null;

  // `has(image, by)` says whether there is an image before (-1) or after (1) one, `step(image, by)` resolves with it.
  // `onMove(image)` is called when another image is shown, or null when none is; `onChange(image)` when tags have
  // changed, `onRemove(image)` when the image is no longer on the board, `onDelete(image)` when it is to be deleted, and
  // `onSearch(tag)`. `actions` are those of the tiles.
  constructor({ has, step, onMove, onChange, onRemove, onDelete, onSearch, actions, copying }) {
    Object.assign(this, { has, step, onMove, onRemove, onDelete, actions, copying });
    this.dialog = find("#viewer");
    this.message = find("#viewer-message");
    this.stage = new Stage(find(".stage", this.dialog), {
      onClose: () => this.close(),
      onStep: (by) => this.#go(by),
      onLoad: (image) => this.similar.load(image),
      onBroken: (image) => this.#explainBroken(image).catch((error) => this.#report(error, image)),
    });
    this.tags = new TagField(find("#viewer-tags"), {
      label: "Tags",
      placeholder: "Add a tag",
      onChange: (names) => this.edits.save(this.#image, names),
      searchOf: (tag) => addressOf({ ...EMPTY, tags: [tag] }),
      onSearch,
    });
    this.similar = new SimilarStrip(find("#similar"), {
      onOpen: (image) => {
        this.#move(image);
        this.focus(); // its tile is gone
      },
      actions,
    });
    this.edits = new TagEdits({
      onChange: (image) => {
        if (this.#image?.id === image.id) this.#image = image;
        onChange(image);
      },
      onSaved: ({ id }) => this.#say(id, "Saved."),
      onConflict: (image, error, names) => this.#explainConflict(image, error, names),
    });
    const button = (name) => find(`[data-act=${name}]`, this.dialog);
    copying.offer(button("copy"), button("copy-choice"), () => this.#image);
    button("star").addEventListener("click", () => {
      actions.onStar(this.#image);
      this.#showStar();
    });
    button("share").hidden = !sharing.isOffered();
    button("share").addEventListener("click", () => this.#share());
    new MenuButton(button("more"), () => [{ label: "Delete", danger: true, run: () => this.#delete() }]);
    find(".close", this.dialog).addEventListener("click", () => this.close());
    find(".previous", this.dialog).addEventListener("click", () => this.#go(-1));
    find(".next", this.dialog).addEventListener("click", () => this.#go(1));
    this.dialog.addEventListener("keydown", (event) => {
      if (event.target.matches("input") || event.altKey || event.ctrlKey || event.metaKey) return;
      if (event.key === "ArrowLeft") this.#go(-1);
      if (event.key === "ArrowRight") this.#go(1);
      if (event.key === "s") button("star").click();
    });
    this.dialog.addEventListener("cancel", () => this.close()); // the key Escape
  }

  get image() {
    return this.#image;
  }

  show(image) {
    const isOther = this.#image?.id !== image.id;
    this.#image = image;
    this.edits.learn(image);
    this.message.textContent = "";
    this.#offerChanges(true);
    find("#viewer-name").textContent = image.filename;
    const type = image.mime_type.split("/")[1].toUpperCase();
    const day = new Date(image.created_at).toLocaleDateString(undefined, { dateStyle: "medium" });
    find("#viewer-facts").textContent =
      `${type} · ${image.width} × ${image.height} · ${bytes(image.size_bytes)} · ${day}`;
    if (isOther) {
      this.tags.clear(); // what is half typed is not meant for this image
      this.similar.clear();
    }
    this.tags.names = this.edits.namesOf(image);
    find("[data-act=download]", this.dialog).href = api.fileOf(image);
    find("[data-act=page]", this.dialog).href = api.linkOf(image);
    this.#showStar();
    this.copying.update();
    find(".previous", this.dialog).disabled = !this.has(image, -1);
    find(".next", this.dialog).disabled = !this.has(image, 1);
    const opens = !this.dialog.open;
    if (opens) this.dialog.showModal();
    this.stage.show(image, describe(image)); // when the dialog is open: its size is known then
    if (opens) this.focus();
  }

  focus() {
    find("[data-act=copy]", this.dialog).focus();
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
    this.tags.clear();
    this.similar.clear();
    this.stage.hide();
    this.dialog.close();
  }

  async #go(by) {
    const image = this.#image;
    const neighbour = image && (await this.step(image, by));
    if (!neighbour || this.#image !== image) return; // the viewer may show another one since
    this.#move(neighbour);
  }

  #move(image) {
    this.show(image);
    this.onMove(image);
  }

  #showStar() {
    find("[data-act=star]", this.dialog).setAttribute("aria-pressed", String(this.actions.isStarred(this.#image)));
  }

  async #share() {
    const image = this.#image;
    if (!(await sharing.share(image))) this.copying.copy(image);
  }

  #delete() {
    const image = this.#image;
    this.close();
    this.onDelete(image);
  }

  // Say something about an image, unless the viewer shows another one by now.
  #say(id, text) {
    if (this.#image?.id === id) this.message.textContent = text;
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
    const parts = [find("#viewer-tags"), ...this.dialog.querySelectorAll(".details > .actions")];
    const hasFocus = parts.some((part) => part.contains(document.activeElement));
    for (const part of parts) part.hidden = !offered;
    if (hasFocus && !offered) find(".close", this.dialog).focus(); // the keys still go to the viewer
  }

  // The browser does not say why a picture cannot be shown.
  async #explainBroken({ id }) {
    await api.image(id); // throws if it is gone, or the board is
    this.#say(id, "This picture cannot be shown. It may still be downloaded.");
  }

  // A tag that was not added is in the field again, so that Enter adds it.
  #explainConflict(image, error, names) {
    if (this.#image?.id === image.id) {
      this.tags.names = image.tags;
      this.tags.input.value ||= names.filter((name) => !image.tags.includes(name)).join(" ");
    }
    const theirs = "Someone else changed these tags. Their version is shown.";
    if (error.code === "precondition_failed") this.#say(image.id, theirs);
    else this.#report(error, image);
  }
}
