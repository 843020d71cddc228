// The grid: rows of pictures that fill the width. The API knows every width and height, so the space for a picture is there
// before it loads, and nothing jumps. Rows are grouped into blocks. Blocks far from the window are empty and keep their
// height, so a long result costs no more than a short one.

import { element, find } from "./dom.js";
import { describe, listenToTiles, makeTabStop, makeTile, ratioOf } from "./tiles.js";

const GAP = 8; // pixels, as in the stylesheet
const rowHeight = (width) => (width < 600 ? 130 : 190);

const NEAR = 2500; // pixels: blocks within this distance from the window have their pictures

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

  // `actions` are what listenToTiles() and makeTile() take.
  constructor(root, actions) {
    Object.assign(this, { root, actions });
    listenToTiles(root, { ...actions, imageOf: (id) => this.#images.find((image) => image.id === id) });
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

  // Show other images. Those in the window are there at once, the others as soon as they are near it.
  set(images) {
    this.#layOutAll(images);
    this.#fillWindow();
  }

  // Put images at the end. The last row, which may not have been full, moves to the new block.
  append(images) {
    this.#images.push(...images);
    this.#add([...this.#lastRow(), ...images]);
    this.#fillWindow();
  }

  replace(image) {
    const replaceIn = (list) =>
      list.map((other) => (other.id === image.id ? { distance: other.distance, ...image } : other));
    this.#images = replaceIn(this.#images);
    for (const block of this.#blocks) for (const row of block.rows) row.images = replaceIn(row.images);
    const tile = tileOf(image);
    if (tile) find("img", tile).alt = describe(image);
  }

  // Remove the images with these ids. Returns the places that they had, each {image, at}, in order. If one of them has the
  // focus, it moves to the image that takes the place.
  remove(ids) {
    const places = this.#images.map((image, at) => ({ image, at })).filter(({ image }) => ids.has(image.id));
    if (!places.length) return places;
    const focused = find(".cell:focus-within", this.root)?.dataset.image;
    const at = this.#images.findIndex(({ id }) => id === focused);
    const before = places.filter((place) => place.at < at).length;
    this.#images = this.#images.filter(({ id }) => !ids.has(id));
    this.#layOut();
    if (at >= 0) this.focus(this.#images[Math.min(at - before, this.#images.length - 1)]);
    return places;
  }

  // Put images back to the places that they had.
  insert(places) {
    for (const { image, at } of places) this.#images.splice(at, 0, image);
    this.#layOut();
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
    const edge = bottomOfHeader();
    const isBelow = (each) => each.getBoundingClientRect().bottom > edge;
    const top = scrollY > 100 ? this.#blocks.find((block) => isBelow(block.root)) : null;
    const row = top?.rows[[...top.root.children].findIndex(isBelow)];
    this.#layOutAll(images);
    if (row) this.#scrollTo(row.images[0]);
    this.#fillWindow();
  }

  // The observer would come after the next frame, in which the window would be blank.
  #fillWindow() {
    let { top } = this.root.getBoundingClientRect();
    for (const block of this.#blocks) {
      const bottom = top + heightOf(block.rows);
      if (bottom > 0 && top < innerHeight) this.#fill(block.root, true);
      top = bottom;
    }
  }

  #layOutAll(images) {
    this.clear();
    this.#images = images;
    for (let start = 0; start < images.length; start += 100) {
      this.#add([...this.#lastRow(), ...images.slice(start, start + 100)]);
    }
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
      if (at < 0) continue;
      const top = block.root.getBoundingClientRect().top + heightOf(block.rows.slice(0, at));
      scrollTo(0, scrollY + top - bottomOfHeader());
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
    if (!near && root.contains(document.activeElement)) return; // the keys would lose their place
    root.replaceChildren(...(near ? block.rows.map((row) => this.#makeRow(row)) : []));
    if (!find(".tile[tabindex='0']", this.root)) makeTabStop(this.root, find(".tile", this.root));
  }

  #makeRow({ images, height }) {
    const tiles = images.map((image) => {
      const cell = makeTile(image, height, this.actions);
      cell.firstElementChild.id = `image-${image.id}`;
      return cell;
    });
    const row = element("div", { class: "row" }, ...tiles);
    row.style.height = `${height}px`;
    return row;
  }
}

const tileOf = (image) => document.getElementById(`image-${image.id}`);

// The header covers what is scrolled below it.
const bottomOfHeader = () => find(".bar").getBoundingClientRect().bottom;

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
