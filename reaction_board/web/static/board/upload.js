// Uploads: chosen, dropped or pasted; several at once, each with its progress.

import * as api from "./api.js";
import { bytes, element, find, note } from "./dom.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";

const PARALLEL_UPLOADS = 3;

export class Uploader {
  #waiting = []; // each {file, row}: before the button Upload is pressed
  #queue = []; // each {file, row, names}: after it
  #running = 0;
  #closeTimer = 0;

  // `onUpload(image)` is called for each new image, `onOpen(image)` to show one that the board already has.
  constructor({ onUpload, onOpen }) {
    Object.assign(this, { onUpload, onOpen });
    this.dialog = find("#uploader");
    this.list = find("#uploads");
    this.message = find("#uploader-message");
    this.start = find("#start");
    this.tags = new TagField(find("#uploader-tags"), { label: "Tags for all of them", placeholder: "cat, funny" });
    const input = find("#files");
    find("#upload").addEventListener("click", () => this.show());
    find("#choose").addEventListener("click", () => input.click());
    find(".close", this.dialog).addEventListener("click", () => this.dialog.close());
    this.start.addEventListener("click", () => this.#begin());
    input.addEventListener("change", () => {
      this.add(input.files);
      input.value = "";
    });
    this.#listenToDrops();
    document.addEventListener("paste", (event) => {
      const { files, types } = event.clipboardData;
      if (!files.length || (event.target.matches?.("input") && types.includes("text/plain"))) return;
      event.preventDefault();
      this.add(files);
    });
    addEventListener("beforeunload", (event) => this.#running && event.preventDefault());
  }

  // Files that waited when the dialog was closed are forgotten: they may have been dropped by mistake. This happens here
  // and not at the `close` event, which may come after the next files.
  show() {
    clearTimeout(this.#closeTimer);
    if (!this.dialog.open) for (const each of this.#waiting) this.#forget(each);
    if (!this.#running && !this.#waiting.length) {
      this.list.replaceChildren();
      this.message.textContent = "";
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  add(files) {
    this.show();
    for (const file of files) {
      const remove = element(
        "button",
        { type: "button", class: "link", "aria-label": `Remove ${file.name}`, onclick: () => this.#forget(each) },
        "remove",
      );
      const row = element(
        "li",
        {},
        element("span", { class: "name" }, file.name),
        element("span", { class: "count" }, bytes(file.size)),
        element("progress", { max: 1, value: 0, "aria-label": `Upload of ${file.name}` }),
        element("span", { class: "outcome" }, remove),
      );
      const each = { file, row };
      this.list.append(row);
      this.#waiting.push(each);
    }
    this.start.disabled = !this.#waiting.length;
    if (this.#waiting.length) this.tags.focus();
  }

  #forget(each) {
    this.#waiting = this.#waiting.filter((other) => other !== each);
    each.row.remove();
    this.start.disabled = !this.#waiting.length;
  }

  #begin() {
    const names = this.tags.commit();
    if (this.tags.input.value.trim()) return; // the text is not a valid tag, and the field says so
    for (const each of this.#waiting) {
      find(".outcome", each.row).textContent = "waiting";
      this.#queue.push({ ...each, names });
    }
    this.#waiting = [];
    this.start.disabled = true;
    this.message.textContent = "";
    while (this.#running < PARALLEL_UPLOADS && this.#queue.length) this.#next();
  }

  async #next() {
    const { file, row, names } = this.#queue.shift();
    const bar = find("progress", row);
    const outcome = find(".outcome", row);
    this.#running += 1;
    outcome.textContent = "0 %";
    try {
      const progress = (share) => {
        bar.value = share;
        outcome.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "storing…";
      };
      const image = await withToken(() => api.upload(file, names, progress));
      bar.value = 1;
      const { duplicate } = image;
      row.className = duplicate ? "known" : "done";
      outcome.replaceChildren(
        duplicate
          ? element(
              "button",
              { type: "button", class: "link", onclick: () => this.#showDuplicate(image) },
              "already here",
            )
          : "uploaded",
      );
      if (!duplicate) this.onUpload(image);
    } catch (error) {
      this.#fail(row, error);
      // Without a token or a connection, the others would fail the same way.
      if (error.status === 401 || error.code === "unreachable") {
        for (const other of this.#queue.splice(0)) this.#fail(other.row, error);
      }
    }
    this.#running -= 1;
    if (this.#queue.length) this.#next();
    else if (!this.#running) this.#finish();
  }

  #fail(row, error) {
    row.className = "failed";
    find(".outcome", row).textContent = error.message;
  }

  #showDuplicate(image) {
    this.dialog.close();
    this.onOpen(image);
  }

  #finish() {
    const count = (kind) => this.list.querySelectorAll(`.${kind}`).length;
    const parts = [
      [count("done"), "uploaded"],
      [count("known"), "already here"],
      [count("failed"), "refused"],
    ];
    this.message.textContent = parts
      .filter(([number]) => number)
      .map(([number, what]) => `${number} ${what}`)
      .join(", ");
    if (!this.dialog.open) note(`Uploads: ${this.message.textContent}.`);
    else if (!this.#waiting.length && !count("known") && !count("failed")) {
      this.#closeTimer = setTimeout(() => this.dialog.close(), 900);
    }
  }

  #listenToDrops() {
    const drop = find("#drop");
    const hasFiles = (event) => [...event.dataTransfer.types].includes("Files");
    let depth = 0; // of nested elements that the pointer is over
    addEventListener("dragenter", (event) => {
      if (!hasFiles(event)) return;
      depth += 1;
      drop.hidden = false;
    });
    addEventListener("dragleave", (event) => {
      if (hasFiles(event) && --depth <= 0) drop.hidden = true;
    });
    addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      drop.hidden = true;
      this.add(event.dataTransfer.files);
    });
  }
}
