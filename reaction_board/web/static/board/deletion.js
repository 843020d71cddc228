// Deletions, which can be undone for some seconds. The page sends them to the board only afterwards, or when it is left.

import * as api from "./api.js";
import { imageCount, note } from "./dom.js";
import { withToken } from "./token.js";

const UNDO_SECONDS = 10;

export class Deletion {
  #pending = new Map(); // by the timers of the deletions that can be undone: their images

  // `hide(images)` takes images off the page and returns a function that puts them back. `onUndo(images)` is called when
  // they are back because the user wants it.
  constructor({ hide, onUndo }) {
    Object.assign(this, { hide, onUndo });
    addEventListener("pagehide", () => {
      for (const [timer, images] of this.#pending) {
        clearTimeout(timer);
        for (const ids of batchesOf(images)) api.remove(ids, { keepalive: true });
      }
      this.#pending.clear();
    });
  }

  start(images) {
    const show = this.hide(images);
    const end = () => {
      clearTimeout(timer);
      this.#pending.delete(timer);
    };
    const undo = () => {
      end();
      show();
      this.onUndo(images); // the button had the focus
    };
    const text = `Deleted ${images.length === 1 ? images[0].filename : imageCount(images.length)}`;
    const forgetNote = note(text, { label: "Undo", run: undo }, { topic: images[0].id });
    const timer = setTimeout(() => {
      end();
      forgetNote();
      this.#run(images, show);
    }, UNDO_SECONDS * 1000);
    this.#pending.set(timer, images);
  }

  // Delete the images on the board. Those that it does not delete come back.
  async #run(images, show) {
    let count = 0;
    try {
      for (const ids of batchesOf(images)) {
        await withToken(() => api.remove(ids));
        count += ids.length;
      }
    } catch (error) {
      show();
      if (count) this.hide(images.slice(0, count));
      const rest = images.slice(count);
      const what = rest.length === 1 ? `${rest[0].filename} is` : `${imageCount(rest.length)} are`;
      note(`${what} not deleted. ${error.message}`);
    }
  }
}

// The ids of images, as many at once as the API deletes.
function* batchesOf(images) {
  for (let start = 0; start < images.length; start += api.AT_ONCE)
    yield images.slice(start, start + api.AT_ONCE).map(({ id }) => id);
}
