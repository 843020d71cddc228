// A file in the list of uploads: its preview, tags and outcome.

import { bytes, element } from "./dom.js";
import { previewOf } from "./preview.js";
import { TagField } from "./tags.js";

export class UploadRow {
  #removeButton;

  // `onRemove()` is called when the button × is pressed, while the file waits or the user must decide.
  constructor(name, onRemove) {
    this.size = element("span", { class: "count" });
    this.#removeButton = element(
      "button",
      { type: "button", class: "round", "aria-label": `Remove ${name}`, hidden: true, onclick: onRemove },
      "×",
    );
    this.preview = element("span", { class: "preview", "aria-hidden": "true" });
    this.field = element("div", { class: "own-tags", hidden: true });
    this.tags = new TagField(this.field, { label: `Tags of ${name}`, placeholder: "Add tags" });
    this.names = element("p", { class: "facts", hidden: true });
    this.bar = element("progress", { max: 1, value: 0, hidden: true, "aria-label": `Upload of ${name}` });
    this.outcome = element("div", { class: "outcome" });
    this.root = element(
      "li",
      {},
      this.preview,
      element("div", { class: "line" }, element("span", { class: "name", title: name }, name), this.size),
      this.field,
      this.names,
      this.bar,
      this.outcome,
      this.#removeButton,
    );
  }

  // Show the file, once there is one.
  showFile(file) {
    this.size.textContent = bytes(file.size);
    const canvas = previewOf(file);
    this.preview.replaceWith(canvas);
    this.preview = canvas;
  }

  // The file waits for the button Upload; `reason` says why it is back from the queue.
  wait(reason = "") {
    this.#show(reason ? "stopped" : "", reason);
  }

  // The file has been sent to the queue with these tags.
  queue(names) {
    this.tags.names = names;
    this.names.textContent = names.join(", ");
    this.bar.value = 0;
    this.#show("queued", "waiting");
  }

  progress(share) {
    this.bar.value = share;
    this.outcome.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "storing…";
  }

  // The board is looking for similar pictures.
  look() {
    this.outcome.textContent = "looking for similar pictures…";
  }

  // The user must decide whether to upload the file.
  ask(...content) {
    this.#show("similar", ...content);
  }

  // Show the outcome: `kind` is done, known, declined or failed, and `outcome` are texts and elements.
  end(kind, ...outcome) {
    this.#show(kind, ...outcome);
  }

  #show(kind, ...outcome) {
    const isWaiting = !kind || kind === "stopped";
    this.root.className = kind;
    this.field.hidden = !isWaiting;
    this.#removeButton.hidden = !isWaiting && kind !== "similar";
    this.names.hidden = isWaiting || !this.names.textContent;
    this.bar.hidden = kind !== "queued";
    this.outcome.replaceChildren(...outcome);
  }
}
