// The grid: rows of pictures that fill the width, each as high as its pictures make it. The API knows every width and
// height, so the space is there before the picture, and nothing jumps. Rows come in blocks; those far from the window
// are empty and keep their height, so that a long result costs no more than a short one.

import * as api from "./api.js";
import { element } from "./dom.js";

const GAP = 8; // pixels, as in the stylesheet
const NARROWEST = 0.45; // of a picture's width to its height: what is outside is cropped in the grid
const WIDEST = 3.2;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

const ratioOf = (image) => Math.min(Math.max(image.width / image.height, NARROWEST), WIDEST);
const rowHeight = (width) => (width < 600 ? 130 : 190);

const NEAR = 2500; // pixels from the window: how far away blocks have their pictures

export class Grid {
  #images = [];
  #blocks = []; // each {rows, root}: a row is {images, height}
  #width = 0;
  #near = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) this.#fill(entry.target, entry.isIntersecting);
    },
    { rootMargin: `${NEAR}px` },
  );

  // `onOpen(image)` is called when a tile is clicked, `onGone(image)` when the board says that it has the image no more.
  constructor(root, { onOpen, onGone }) {
    Object.assign(this, { root, onOpen, onGone });
    new ResizeObserver(() => {
      if (Math.abs(root.clientWidth - this.#width) > GAP) this.#layOut();
    }).observe(root);
  }

  get images() {
    return this.#images;
  }

  clear() {
    this.#near.disconnect();
    this.#images = [];
    this.#blocks = [];
    this.root.replaceChildren();
  }

  // Put images at the end. The last row, which may not have been full, moves to the new block.
  append(images) {
    this.#images.push(...images);
    this.#add([...this.#lastRow(), ...images]);
  }

  replace(image) {
    const replaceIn = (list) => list.map((other) => (other.id === image.id ? image : other));
    this.#images = replaceIn(this.#images);
    for (const block of this.#blocks) for (const row of block.rows) row.images = replaceIn(row.images);
    const tile = tileOf(image);
    if (tile) tile.firstElementChild.alt = describe(image);
  }

  // Returns the place that the image had, or -1. The focus goes to the image that takes it, unless it has left the grid.
  remove(image) {
    const at = this.#images.findIndex((other) => other.id === image.id);
    if (at < 0) return at;
    const hasFocus = this.root.contains(document.activeElement);
    this.#images.splice(at, 1);
    this.#layOut();
    if (hasFocus) this.focus(this.#images[Math.min(at, this.#images.length - 1)]);
    return at;
  }

  focus(image) {
    const block =
      image && this.#blocks.find(({ rows }) => rows.some((row) => row.images.some((other) => other.id === image.id)));
    if (!block) return;
    this.#fill(block.root, true);
    tileOf(image).focus();
  }

  // Lay out all images again, and keep the same one at the top of the window.
  #layOut() {
    const images = this.#images;
    const top = scrollY > 100 ? this.#blocks.find((block) => block.root.getBoundingClientRect().bottom > 0) : null;
    const row = top?.rows[[...top.root.children].findIndex((each) => each.getBoundingClientRect().bottom > 0)];
    this.clear();
    this.#images = images;
    for (let start = 0; start < images.length; start += 100) {
      this.#add([...this.#lastRow(), ...images.slice(start, start + 100)]);
    }
    if (row) this.#scrollTo(row.images[0]);
  }

  #lastRow() {
    const block = this.#blocks.at(-1);
    if (!block || block.rows.at(-1).full) return [];
    const { images } = block.rows.pop();
    this.#size(block);
    return images;
  }

  #scrollTo(image) {
    for (const block of this.#blocks) {
      const at = block.rows.findIndex((row) => row.images.includes(image));
      if (at >= 0) scrollTo(0, scrollY + block.root.getBoundingClientRect().top + heightOf(block.rows.slice(0, at)));
    }
  }

  #add(images) {
    // All blocks have one width. If another one applies by now, the ResizeObserver will see it, and lay all out again.
    if (!this.#blocks.length) this.#width = this.root.clientWidth;
    const block = { rows: rowsOf(images, this.#width), root: element("div", { class: "block" }) };
    if (!block.rows.length) return;
    this.#blocks.push(block);
    this.#size(block);
    this.root.append(block.root);
    this.#near.observe(block.root);
  }

  #size(block) {
    block.root.style.height = `${heightOf(block.rows)}px`;
    if (block.root.firstChild) this.#fill(block.root, true);
  }

  #fill(root, near) {
    const block = this.#blocks.find((each) => each.root === root);
    if (!block || (near && root.childElementCount === block.rows.length)) return;
    root.replaceChildren(...(near ? block.rows.map((row) => this.#makeRow(row)) : []));
  }

  // Open an image as it is now: its tags may have changed since the tile was made.
  #open({ id }) {
    this.onOpen(this.#images.find((image) => image.id === id));
  }

  #makeRow({ images, height }) {
    const tiles = images.map((image) =>
      makeTile(image, height, { onOpen: (each) => this.#open(each), onGone: this.onGone }),
    );
    const row = element("div", { class: "row" }, ...tiles);
    row.style.height = `${height}px`;
    return row;
  }
}

const tileOf = (image) => document.getElementById(`image-${image.id}`);

const heightOf = (rows) => rows.reduce((sum, row) => sum + row.height + GAP, 0);

// Rows of images that fill a width; the last one may not, and is not `full` then.
function rowsOf(images, width) {
  const usualHeight = rowHeight(width);
  const rows = [];
  let row = [];
  let ratios = 0;
  const end = (full) => {
    const fullHeight = (width - (row.length - 1) * GAP) / ratios;
    rows.push({ images: row, full, height: full ? fullHeight : Math.min(fullHeight, usualHeight) });
    row = [];
    ratios = 0;
  };
  for (const image of images) {
    row.push(image);
    ratios += ratioOf(image);
    if (ratios * usualHeight + (row.length - 1) * GAP >= width) end(true);
  }
  if (row.length) end(false);
  return rows;
}

const describe = (image) => (image.tags.length ? image.tags.join(", ") : image.filename);

function makeTile(image, height, { onOpen, onGone }) {
  const picture = element("img", {
    src: api.thumbnailOf(image),
    alt: describe(image),
    loading: "lazy",
    decoding: "async",
    width: Math.round(ratioOf(image) * height),
    height: Math.round(height),
    onload: () => tile.classList.add("loaded"),
  });
  const tile = element(
    "a",
    {
      id: `image-${image.id}`,
      class: "tile",
      href: api.linkOf(image),
      onclick: (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
        event.preventDefault();
        onOpen(image);
      },
    },
    picture,
  );
  picture.addEventListener("error", () => retry(tile, picture, image, onGone), { once: true });
  tile.style.width = `${ratioOf(image) * height}px`;
  if (image.mime_type === "image/gif") tile.dataset.kind = "GIF";
  if (reducedMotion.matches && ["image/gif", "image/webp"].includes(image.mime_type)) holdStill(tile, picture);
  return tile;
}

// The server may be busy with other thumbnails: the page asks again, each time after a longer pause.
const RETRIES = 4;

async function retry(tile, picture, image, onGone) {
  for (let attempt = 0; attempt < RETRIES && picture.isConnected; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt * (0.5 + Math.random())));
    try {
      await api.fetchThumbnail(image);
      picture.src = `${api.thumbnailOf(image)}#again`; // from the browser's cache
      return;
    } catch (error) {
      if (error.code === "image_not_found") onGone(image);
      if (error.status && error.status !== 503) break;
    }
  }
  tile.classList.add("broken");
}

// With reduced motion, an animation shows its first frame until it is pointed at or has the focus.
function holdStill(tile, picture) {
  picture.addEventListener(
    "load",
    () => {
      const frame = element("canvas", {
        class: "still",
        "aria-hidden": "true",
        width: picture.naturalWidth,
        height: picture.naturalHeight,
      });
      frame.getContext("2d").drawImage(picture, 0, 0);
      tile.append(frame);
    },
    { once: true },
  );
}
