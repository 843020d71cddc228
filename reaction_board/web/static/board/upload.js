// Uploads: chosen, dropped or pasted; several at once, each with its progress.

import { fetchPicture, nameOf } from "./address.js";
import { Answers } from "./answers.js";
import * as api from "./api.js";
import { bytes, find, note } from "./dom.js";
import { filesIn, isPicture, whyUnreadable } from "./files.js";
import { askAboutLookalike, offerKnown } from "./lookalike.js";
import { findLookalike } from "./similar.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";
import { UploadRow } from "./upload-row.js";

const PARALLEL_UPLOADS = 3;
const NO_PICTURE = "This is not a picture that the board accepts: JPEG, PNG, GIF or WebP.";

export class Uploader {
  #waiting = []; // each {file, row, looksRight, isNew}: before the button Upload is pressed; `isNew` if it never was
  #queue = []; // each {file, row, looksRight, names, isDecided}: after it; `isDecided` if it is known to look like an image
  #running = 0;
  #begun = 0; // files that have come into the queue since it was last done
  #searches = 0; // folders that are being walked, and addresses that are being fetched
  #opening = 0; // how often the dialog was opened
  #closeTimer = 0;
  #known; // the choices for images that the board already has

  // `onUpload(image)` is called for each new image, `onOpen(image)` to show one that the board already has, and
  // `onChange(image)` when such an image has got tags.
  constructor({ onUpload, onOpen, onChange }) {
    this.onUpload = onUpload;
    this.dialog = find("#uploader");
    this.#known = {
      onOpen: (image) => {
        this.dialog.close();
        onOpen(image);
      },
      onChange,
    };
    this.maxBytes = Number(this.dialog.dataset.maxBytes);
    this.list = find("#uploads");
    this.message = find("#uploader-message");
    this.progress = find("#uploader-progress");
    this.start = find("#start");
    this.answers = new Answers(find("#uploader-answers"), { onEnd: () => this.#focusNext() });
    this.tags = new TagField(find("#uploader-tags"), { label: "Tags for all of them", placeholder: "cat, funny" });
    find("#uploader-limit").textContent = bytes(this.maxBytes);
    const input = find("#files");
    find("#upload").addEventListener("click", () => this.show());
    find("#choose").addEventListener("click", () => input.click());
    find(".close", this.dialog).addEventListener("click", () => this.dialog.close());
    this.start.addEventListener("click", () => this.#begin());
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("change", () => {
      this.receive({ files: input.files });
      input.value = "";
    });
    addEventListener("beforeunload", (event) => {
      if (this.#running || this.#count("similar")) event.preventDefault();
    });
  }

  // Files that were never begun when the dialog was closed are forgotten: they may have been dropped by mistake. So are
  // their tags. This happens here and not at the `close` event, which may come after the next files.
  show() {
    clearTimeout(this.#closeTimer);
    if (!this.dialog.open) {
      for (const each of this.#waiting) if (each.isNew) this.#forget(each);
      this.tags.names = [];
      this.tags.clear();
      this.#opening += 1;
    }
    if (!this.#running && !this.#waiting.length && !this.#count("similar")) {
      this.list.replaceChildren();
      this.answers.clear();
      this.message.textContent = "";
    }
    if (!this.dialog.open) this.dialog.showModal();
  }

  receive({ files, folders = [], address = null }) {
    this.show();
    for (const file of files) this.#offer(file);
    if (folders.length) this.#walk(folders);
    if (address) this.#fetch(address);
    this.tags.focus();
  }

  // Run a search for files until the dialog is closed: `isClosed()` says whether it is.
  async #search(run) {
    const opening = this.#opening;
    this.#searches += 1;
    await run(() => !this.dialog.open || opening !== this.#opening);
    this.#searches -= 1;
  }

  // Add the pictures in folders.
  #walk(folders) {
    return this.#search(async (isClosed) => {
      let pictures = 0;
      let others = 0;
      this.message.textContent = "Looking for pictures in the folder…";
      for await (const { name, file, reason } of filesIn(folders)) {
        if (isClosed()) return;
        if (file) this.#offer(file);
        else if (reason) this.#addRow(name).end("failed", reason);
        if (file) pictures += 1;
        else if (!reason) others += 1;
      }
      if (isClosed()) return;
      const found = pictures === 1 ? "1 picture" : `${pictures || "No"} pictures`;
      const rest = others ? ` Left out: ${others === 1 ? "1 file" : `${others} files`} of other types.` : "";
      this.message.textContent = `${found} in the folder.${rest}`;
    });
  }

  // Add the picture at an address.
  #fetch(address) {
    return this.#search(async (isClosed) => {
      const row = this.#addRow(nameOf(address));
      row.end("", "fetching…");
      try {
        const file = await fetchPicture(address, this.maxBytes);
        if (!isClosed()) this.#offer(file, row);
      } catch (error) {
        row.end("failed", error.message);
      }
      if (isClosed()) row.root.remove();
    });
  }

  #offer(file, row = this.#addRow(file.name)) {
    row.showFile(file);
    if (file.size > this.maxBytes) {
      row.end("failed", `The file is too large: this board takes up to ${bytes(this.maxBytes)}.`);
      return;
    }
    // If the file cannot be read, the upload will say why.
    const looksRight = isPicture(file).catch(() => true);
    this.#wait({ file, row, looksRight, isNew: true });
    looksRight.then((right) => right || this.#refuse(row));
  }

  // Say that a file is no picture, unless it is not waiting any more: then #send() says so.
  #refuse(row) {
    if (!this.#waiting.some((each) => each.row === row)) return;
    this.#waiting = this.#waiting.filter((each) => each.row !== row);
    row.end("failed", NO_PICTURE);
    this.#offerStart();
  }

  #addRow(name) {
    const row = new UploadRow(name, () => this.#forget({ row }));
    this.list.append(row.root);
    return row;
  }

  #wait(each, reason = "") {
    each.row.wait(reason);
    this.#waiting.push(each);
    this.#offerStart();
  }

  #forget({ row }) {
    const isCounted = row.root.className === "similar";
    this.#waiting = this.#waiting.filter((each) => each.row !== row);
    row.root.remove();
    this.answers.close(row);
    this.#offerStart();
    if (isCounted) this.#finish();
  }

  #offerStart() {
    const count = this.#waiting.length;
    this.start.disabled = !count;
    this.start.textContent = count > 1 ? `Upload ${count} images` : "Upload";
  }

  // Enter in an empty field of tags uploads, Ctrl+Enter everywhere.
  #key(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    const isEmptyField = event.target.matches("[role=combobox]") && !event.target.value && !event.defaultPrevented;
    if (!isEmptyField && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    if (this.#waiting.length) this.#begin();
  }

  // The tags for all become tags of each: the next files have none.
  #begin() {
    const fields = [this.tags, ...this.#waiting.map(({ row }) => row.tags)];
    for (const field of fields) field.commit();
    if (fields.some((field) => field.input.value.trim())) return; // the text is not a valid tag, and its field says so
    const files = this.#waiting.map(({ isNew: _, ...each }) => {
      const names = [...new Set([...this.tags.names, ...each.row.tags.names])];
      return { ...each, names };
    });
    this.tags.names = [];
    this.#waiting = [];
    this.#offerStart();
    this.message.textContent = "";
    this.#run(...files);
  }

  #run(...files) {
    for (const { row, names } of files) row.queue(names);
    this.#queue.push(...files);
    this.#begun += files.length;
    this.#showProgress();
    while (this.#running < PARALLEL_UPLOADS && this.#queue.length) this.#next();
  }

  #showProgress() {
    const left = this.#running + this.#queue.length;
    if (!left) this.#begun = 0;
    this.progress.hidden = this.#begun < 2;
    this.progress.max = this.#begun || 1;
    this.progress.value = this.#begun - left;
  }

  async #next() {
    const each = this.#queue.shift();
    this.#running += 1;
    try {
      await this.#send(each);
    } catch (error) {
      const { reason, stops } = await causeOf(error, each.file);
      if (stops) for (const { names: _, ...other } of [each, ...this.#queue.splice(0)]) this.#wait(other, reason);
      else each.row.end("failed", reason);
    }
    this.#running -= 1;
    this.#showProgress();
    if (this.#queue.length) this.#next();
    else if (!this.#running) this.#finish();
  }

  async #send({ file, row, looksRight, names, isDecided }) {
    if (!(await looksRight)) {
      row.end("failed", NO_PICTURE);
      return;
    }
    if (!isDecided) row.look();
    const lookalike = isDecided ? null : await findLookalike(file);
    if (lookalike) {
      this.#ask({ file, row, looksRight, names }, lookalike);
      return;
    }
    row.progress(0);
    const image = await withToken(() => api.upload(file, names, (share) => row.progress(share)));
    if (image.duplicate) {
      const onEnd = () => this.answers.close(row);
      this.answers.open(row, offerKnown(row, image, names, { ...this.#known, onEnd }));
      return;
    }
    row.end("done", "uploaded");
    this.onUpload(image);
  }

  // Let the user decide about a file that looks like an image of the board.
  #ask(each, image) {
    const { file, row, names } = each;
    const end = () => {
      this.answers.close(row);
      this.#finish();
      if (!this.answers.isRunning) this.#focusNext();
    };
    const upload = () => {
      this.#run({ ...each, isDecided: true });
      end();
    };
    const choices = { ...this.#known, onUpload: upload, onEnd: end };
    this.answers.open(row, askAboutLookalike(row, { file, image, names }, choices));
  }

  #focusNext() {
    (find(".similar > .outcome button", this.list) ?? find(".close", this.dialog)).focus();
  }

  // The number of files of a kind in the list.
  #count(kind) {
    return this.list.querySelectorAll(`:scope > .${kind}`).length;
  }

  #finish() {
    if (this.#running) return;
    const count = (kind) => this.#count(kind);
    const parts = [
      [count("done"), "uploaded"],
      [count("known"), "already here"],
      [count("declined"), "not uploaded"],
      [count("similar"), "to be decided"],
      [count("failed"), "failed"],
      [count("stopped"), "not sent"],
    ];
    this.message.textContent = parts
      .filter(([number]) => number)
      .map(([number, what]) => `${number} ${what}`)
      .join(", ");
    const isRead = !["known", "declined", "similar", "failed"].some(count);
    const show = count("similar") ? { label: "Show", run: () => this.show() } : null;
    if (!this.dialog.open) note(`Uploads: ${this.message.textContent}.`, show);
    else if (!this.#waiting.length && !this.#searches && isRead) {
      this.#closeTimer = setTimeout(() => this.dialog.close(), 900);
    }
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
