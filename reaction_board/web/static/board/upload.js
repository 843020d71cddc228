// Uploads: chosen, dropped or pasted; several at once, each with its progress.

import * as api from "./api.js";
import { bytes, element, find, note } from "./dom.js";
import { contentsOf, filesIn, whyUnreadable } from "./files.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";

const PARALLEL_UPLOADS = 3;

export class Uploader {
  #waiting = []; // each {file, row, names}: before the button Upload is pressed; `names` are null before the first time
  #queue = []; // the same, after it
  #running = 0;
  #walks = 0; // folders that are being walked
  #opening = 0; // how often the dialog was opened
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
      this.#receive(event.clipboardData);
    });
    addEventListener("beforeunload", (event) => this.#running && event.preventDefault());
  }

  // Files that were never begun when the dialog was closed are forgotten: they may have been dropped by mistake. This
  // happens here and not at the `close` event, which may come after the next files.
  show() {
    clearTimeout(this.#closeTimer);
    if (!this.dialog.open) {
      for (const each of this.#waiting) if (!each.names) this.#forget(each);
      this.#opening += 1;
    }
    if (!this.#running && !this.#waiting.length) {
      this.list.replaceChildren();
      this.message.textContent = "";
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  add(files) {
    this.show();
    for (const file of files) this.#offer(file);
    this.tags.focus();
  }

  #receive(transfer) {
    const { files, folders } = contentsOf(transfer);
    this.add(files);
    if (folders.length) this.#walk(folders);
  }

  // Add the pictures in folders, until the dialog is closed.
  async #walk(folders) {
    const opening = this.#opening;
    const isClosed = () => !this.dialog.open || opening !== this.#opening;
    let pictures = 0;
    let others = 0;
    this.#walks += 1;
    this.message.textContent = "Looking for pictures in the folder…";
    for await (const { name, file, reason } of filesIn(folders)) {
      if (isClosed()) break;
      if (file) this.#offer(file);
      else if (reason) this.#fail(this.#addRow(name), reason);
      if (file) pictures += 1;
      else if (!reason) others += 1;
    }
    this.#walks -= 1;
    if (isClosed()) return;
    const found = pictures === 1 ? "1 picture" : `${pictures || "No"} pictures`;
    const rest = others ? ` Left out: ${others === 1 ? "1 file" : `${others} files`} of other types.` : "";
    this.message.textContent = `${found} in the folder.${rest}`;
  }

  #offer(file) {
    this.#wait({ file, row: this.#addRow(file.name, bytes(file.size)), names: null });
  }

  #addRow(name, size = "") {
    const row = element(
      "li",
      {},
      element("span", { class: "name" }, name),
      element("span", { class: "count" }, size),
      element("progress", { max: 1, value: 0, "aria-label": `Upload of ${name}` }),
      element("span", { class: "outcome" }),
    );
    this.list.append(row);
    return row;
  }

  // Let a file wait for the button Upload; `reason` says why it is back from the queue.
  #wait(each, reason = "") {
    const remove = () => this.#forget(each);
    find(".outcome", each.row).replaceChildren(
      reason,
      " ",
      element(
        "button",
        { type: "button", class: "link", "aria-label": `Remove ${each.file.name}`, onclick: remove },
        "remove",
      ),
    );
    this.#waiting.push(each);
    this.start.disabled = false;
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
      each.row.className = "";
      find(".outcome", each.row).textContent = "waiting";
      this.#queue.push({ ...each, names });
    }
    this.#waiting = [];
    this.start.disabled = true;
    this.message.textContent = "";
    while (this.#running < PARALLEL_UPLOADS && this.#queue.length) this.#next();
  }

  async #next() {
    const each = this.#queue.shift();
    this.#running += 1;
    try {
      await this.#send(each);
    } catch (error) {
      const { reason, stops } = await causeOf(error, each.file);
      if (stops) for (const other of [each, ...this.#queue.splice(0)]) this.#stop(other, reason);
      else this.#fail(each.row, reason);
    }
    this.#running -= 1;
    if (this.#queue.length) this.#next();
    else if (!this.#running) this.#finish();
  }

  async #send({ file, row, names }) {
    const bar = find("progress", row);
    const outcome = find(".outcome", row);
    outcome.textContent = "0 %";
    const progress = (share) => {
      bar.value = share;
      outcome.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "storing…";
    };
    const image = await withToken(() => api.upload(file, names, progress));
    bar.value = 1;
    if (!image.duplicate) {
      row.className = "done";
      outcome.textContent = "uploaded";
      this.onUpload(image);
      return;
    }
    row.className = "known";
    const show = () => this.#showDuplicate(image);
    outcome.replaceChildren(element("button", { type: "button", class: "link", onclick: show }, "already here"));
  }

  #fail(row, reason) {
    row.className = "failed";
    find(".outcome", row).textContent = reason;
  }

  #stop(each, reason) {
    each.row.className = "stopped";
    find("progress", each.row).value = 0;
    this.#wait(each, reason);
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
      [count("failed"), "failed"],
      [count("stopped"), "not sent"],
    ];
    this.message.textContent = parts
      .filter(([number]) => number)
      .map(([number, what]) => `${number} ${what}`)
      .join(", ");
    if (!this.dialog.open) note(`Uploads: ${this.message.textContent}.`);
    else if (!this.#waiting.length && !this.#walks && !count("known") && !count("failed")) {
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
      this.#receive(event.dataTransfer);
    });
  }
}

// Why an upload failed, and whether the next ones would fail, too: without a token, or while the board does not answer.
async function causeOf(error, file) {
  const { status, code, message } = error;
  if (status === 401) return { reason: message, stops: true };
  if (status > 0 && status < 500) return { reason: message, stops: false };
  if (!(await api.isAlive())) return { reason: message, stops: true };
  if (code !== "unreachable") return { reason: message, stops: false };
  // The browser does not say why nothing was sent. It may be the file.
  const reason = (await whyUnreadable(file)) ?? "The connection broke off during the upload.";
  return { reason, stops: false };
}
