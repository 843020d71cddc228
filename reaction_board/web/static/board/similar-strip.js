// The strip of the viewer: images that look like the one that it shows, if there are any.

import * as api from "./api.js";
import { find } from "./dom.js";
import { makeTile } from "./tiles.js";

const HEIGHT = 80; // pixels, of a tile
const MOST = 20;

export class SimilarStrip {
  #images = [];
  #id = null; // of the image whose similar images are shown or being fetched
  #request = null;

  // `onOpen(image)` is called to show one of the images; `actions` are what makeTile() takes, and `isHidden(image)`.
  constructor(root, { onOpen, actions }) {
    Object.assign(this, { root, actions });
    this.tiles = find(".tiles", root);
    this.tiles.addEventListener("click", (event) => {
      const id = event.target.closest(".cell")?.dataset.image;
      const image = this.#images.find((each) => each.id === id);
      if (!image || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      onOpen(image);
    });
  }

  // Show nothing, until images are asked for again.
  clear() {
    this.#request?.abort();
    this.#id = null;
    this.#images = [];
    this.root.hidden = true;
    this.tiles.replaceChildren();
  }

  // Show the images that look like one, as soon as the board has found them.
  async load(image) {
    if (this.#id === image.id) return;
    this.clear();
    this.#id = image.id;
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const images = await api.similarTo(image, MOST, signal);
      if (!signal.aborted) this.#show(images.filter((each) => !this.actions.isHidden(each)));
    } catch {
      // The strip is optional: without a token, or while the board is busy, it stays empty.
    }
  }

  #show(images) {
    this.#images = images;
    this.root.hidden = !images.length;
    this.tiles.replaceChildren(...images.map((image) => this.#tile(image)));
  }

  #tile(image) {
    const cell = makeTile(image, HEIGHT, { ...this.actions, onGone: () => cell.remove() });
    find(".tile", cell).tabIndex = 0;
    return cell;
  }
}
