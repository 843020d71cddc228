// The images that a search finds, page by page, in the grid. A late answer never replaces a newer one.

import * as api from "./api.js";
import { pageLike } from "./picture-search.js";
import { EMPTY, parameters } from "./query.js";
import { withToken } from "./token.js";

const AHEAD = 1500; // pixels below the window: how far the next images are fetched
const MOST_KEPT = 10; // lists that are remembered, for the way back to them

const pageAt = (address) => (signal) => api.page(address, signal);

export class ImageList {
  query = EMPTY;
  #found = null; // how many images the search finds, on all pages; null until the board has answered
  #without = new Set(); // the ids of those among them that are hidden, as far as their pages were fetched
  #next = null; // next(signal) resolves with the next page of images, if there is one
  #key = null; // the query whose images the grid shows, as JSON
  #request = null; // aborts the request for the next images
  #loading = null; // the promise of that request
  #firstPage = Promise.resolve();
  #removed = null; // {id, at}: the image that left the grid last, and its place there
  #kept = new Map(); // by key: {images, next, total, y} of the lists that were shown before
  #hidden = new Set(); // the ids of all images that are deleted, or about to be

  // The next images are fetched as `end`, an element below the grid, comes near. `onAnswer()` is called when the images or
  // their number have changed, `onSeed(seed)` when the board has made up a random order, `onStale()` when images were put
  // back that this list may lack, and `onError(error)`.
  constructor(grid, end, { onAnswer, onSeed, onStale, onError }) {
    Object.assign(this, { grid, end, onAnswer, onSeed, onStale, onError });
    new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.more(), {
      rootMargin: `${AHEAD}px`,
    }).observe(end);
  }

  // How many images there are, on all pages; null until the board has answered.
  get total() {
    return this.#found === null ? null : this.#found - this.#without.size;
  }

  // Show the images of a search; with `again`, as they were left, if the page remembers that. Resolves when the first page
  // has arrived, with false if another search has been shown since.
  async show(query, { again = false } = {}) {
    const key = JSON.stringify(query);
    if (key !== this.#key) {
      this.#keep();
      this.#key = key;
      this.query = query;
      this.#request?.abort();
      this.#loading = null;
      this.#removed = null;
      const kept = again && this.#kept.get(key);
      this.#firstPage = kept ? this.#restore(kept) : this.#load(query);
    }
    const page = this.#firstPage;
    await page;
    return page === this.#firstPage;
  }

  // Forget all images: the board has others.
  forgetAll() {
    this.#key = null;
    this.#kept.clear();
  }

  // A link to a random order shows others the same one.
  pinSeed(query) {
    this.#key = JSON.stringify(query);
    this.query = query;
  }

  // Fetch the next page of images. Calls during a request share it.
  more() {
    if (!this.#next) return Promise.resolve();
    if (!this.#loading) this.#start(false);
    return this.#loading;
  }

  // Fetch pages until the list has this number of images, or all.
  async grow(count) {
    while (this.#next && this.grid.images.length < count) {
      const before = this.#next;
      await this.more();
      if (this.#next === before) return; // the board has not answered
    }
  }

  // Remove images that are deleted, or about to be, from later pages, too. Returns a function that puts them back.
  remove(images) {
    const ids = new Set(images.map(({ id }) => id));
    for (const id of ids) this.#hidden.add(id);
    const list = this.#firstPage;
    const places = this.grid.remove(ids);
    if (places.length === 1) this.#removed = { id: places[0].image.id, at: places[0].at };
    for (const { image } of places) this.#without.add(image.id);
    if (places.length) this.onAnswer();
    return () => {
      for (const id of ids) this.#hidden.delete(id);
      this.#kept.clear();
      if (list !== this.#firstPage) {
        this.onStale();
        return;
      }
      if (!places.length) return;
      for (const id of ids) this.#without.delete(id);
      this.grid.insert(places);
      this.onAnswer();
    };
  }

  // Whether an image is deleted, or about to be.
  isHidden(image) {
    return this.#hidden.has(image.id);
  }

  // The place of an image in the result, or of the one before (-1) or after (1) it; -1 if there is none. An image that was
  // removed while the viewer shows it is between its former neighbours, and the one after it has its place.
  placeOf(id, by = 0) {
    const at = this.grid.images.findIndex((image) => image.id === id);
    if (at >= 0) return at + by;
    return id && id === this.#removed?.id ? this.#removed.at + Math.min(by, 0) : -1;
  }

  // Whether there is an image before (-1) or after (1) one in the result.
  has(image, by) {
    const at = this.placeOf(image.id, by);
    return Boolean(this.grid.images[at]) || (by > 0 && at >= 0 && Boolean(this.#next));
  }

  // That image, or null. After the last one of the grid, the next page is fetched.
  async step(image, by) {
    const at = this.placeOf(image.id, by);
    if (at >= 0 && !this.grid.images[at] && by > 0) await this.more();
    return this.grid.images[at] ?? null;
  }

  #keep() {
    if (!this.#key || this.#found === null) return;
    this.#kept.delete(this.#key);
    this.#kept.set(this.#key, { images: this.grid.images, next: this.#next, total: this.total, y: scrollY });
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value);
  }

  async #restore({ images, next, total, y }) {
    this.#next = next;
    this.#found = total;
    this.#without = new Set();
    this.grid.set(this.#visible(images));
    this.onAnswer();
    scrollTo(0, y);
  }

  // The images before stay until the answer is there, so that the page does not flicker.
  #load(query) {
    this.#next = query.like ? (signal) => pageLike(query.like, signal) : pageAt(api.searchAddress(parameters(query)));
    this.#found = null;
    this.#without = new Set();
    return this.#start(true);
  }

  #start(isFirst) {
    const current = this.#fetchNext(isFirst).then((success) => {
      if (this.#loading !== current) return;
      this.#loading = null;
      if (success && this.end.getBoundingClientRect().top < innerHeight + AHEAD) this.more();
    });
    this.#loading = current;
    return current;
  }

  // Returns whether a page was added.
  async #fetchNext(isFirst) {
    this.#request = new AbortController();
    const { signal } = this.#request;
    try {
      const page = await withToken(() => this.#next(signal));
      if (signal.aborted) return false;
      this.#next = page.next && pageAt(page.next);
      const images = this.#visible(page.items);
      this.#found ??= page.total;
      if (page.seed !== undefined && !this.query.seed) this.onSeed(String(page.seed));
      if (isFirst) this.#begin(images);
      else this.grid.append(images);
      this.onAnswer();
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (isFirst) this.#begin([]);
      // What the board refuses, it would refuse again, unless it needs a token.
      const mayHelp = !error.status || error.status >= 500 || error.status === 401;
      if (!mayHelp) this.#next = null;
      this.onError(error, mayHelp);
      return false;
    }
  }

  // Those of some images that are not hidden. The others do not count.
  #visible(images) {
    for (const { id } of images) if (this.#hidden.has(id)) this.#without.add(id);
    return images.filter(({ id }) => !this.#hidden.has(id));
  }

  #begin(images) {
    this.grid.set(images);
    scrollTo(0, 0);
  }
}
