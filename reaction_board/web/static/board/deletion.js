// Deletions, which can be undone for some seconds. The page sends them to the board only afterwards, or when it is left.

import * as api from "./api.js";
import { note } from "./dom.js";
import { withToken } from "./token.js";

const UNDO_SECONDS = 10;

export class Deletion {
  #pending = new Map(); // by id: the timers of the deletions that can be undone

  // `hide(image)` takes an image off the page and returns a function that puts it back.
  constructor({ hide }) {
    this.hide = hide;
    addEventListener("pagehide", () => {
      for (const [id, timer] of this.#pending) {
        clearTimeout(timer);
        api.remove(id, { keepalive: true });
      }
      this.#pending.clear();
    });
  }

  start(image) {
    const show = this.hide(image);
    const undo = () => {
      clearTimeout(this.#pending.get(image.id));
      this.#pending.delete(image.id);
      show();
    };
    const forgetNote = note(`Deleted ${image.filename}`, { label: "Undo", run: undo }, { topic: image.id });
    const run = async () => {
      this.#pending.delete(image.id);
      forgetNote();
      try {
        await withToken(() => api.remove(image.id));
      } catch (error) {
        if (error.code === "image_not_found") return; // someone else has deleted it
        show();
        note(`${image.filename} is not deleted. ${error.message}`);
      }
    };
    this.#pending.set(image.id, setTimeout(run, UNDO_SECONDS * 1000));
  }
}
