// Changes of images' tags, saved one after the other, so that each knows the ETag of the one before.

import * as api from "./api.js";
import { withToken } from "./token.js";

export class TagEdits {
  #known = new Map(); // by id: images as this page last read them, with the ETag if they were read one by one
  #saving = Promise.resolve();
  #edits = new Map(); // by id: the names of changes that are not saved yet, in their order

  // `onChange(image)` is called with each image whose tags the page has read or changed, `onSaved(image)` after a change,
  // and `onConflict(image, error, names)` with the image as it is when a change to these names was not saved.
  constructor({ onChange, onSaved, onConflict }) {
    Object.assign(this, { onChange, onSaved, onConflict });
  }

  // Remember an image as a list has it.
  learn(image) {
    if (String(this.#known.get(image.id)?.tags) !== String(image.tags)) this.#known.set(image.id, image);
  }

  // The tags of an image, after the changes that are being saved.
  namesOf(image) {
    return this.#edits.get(image.id)?.at(-1) ?? image.tags;
  }

  // Replace the tags of an image. A failure drops the later changes of the same image: they started from tags that it does
  // not have.
  save(image, names) {
    const { id } = image;
    const edits = this.#edits.get(id) ?? [];
    this.#edits.set(id, edits);
    edits.push(names);
    this.#saving = this.#saving.then(async () => {
      if (this.#edits.get(id) !== edits) return;
      try {
        const etag = await this.#etag(id);
        this.#read(await withToken(() => api.replaceTags(id, names, etag)));
        edits.shift();
        this.onSaved(image);
      } catch (error) {
        const current = await api.image(id).catch(() => this.#known.get(id));
        this.#edits.delete(id); // with those made while the image was read
        this.#read(current);
        this.onConflict(current, error, names);
      }
    });
  }

  // The answer to a change lacks the number of frames.
  #read(image) {
    const whole = { frames: this.#known.get(image.id)?.frames, ...image };
    this.#known.set(image.id, whole);
    this.onChange(whole);
  }

  // The ETag of an image as this page knows it. Images of a list have none, so the image is read again: if its tags have
  // changed since, no ETag matches.
  async #etag(id) {
    const known = this.#known.get(id);
    if (known.etag) return known.etag;
    const current = await api.image(id);
    return String(current.tags) === String(known.tags) ? current.etag : '"changed"';
  }
}
