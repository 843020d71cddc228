// Selecting several images of the grid: Ctrl- or Shift-click, a long press, or the key x. While any are selected, a click
// selects, too. `selectionbar.js` has what can be done with them.

import { find } from "./dom.js";

const LONG_PRESS = 450; // milliseconds
const STEADY = 10; // pixels that a finger may move meanwhile

export class Selection {
  #images = new Map(); // by id
  #anchor = null; // the id at which a range begins
  #isOn = false;
  #marker = new MutationObserver(() => this.#mark()); // the grid makes its tiles again as it scrolls

  // `grid` is {root, images}; `onChange()` is called when other images are selected.
  constructor(grid, { onChange }) {
    Object.assign(this, { grid, onChange });
    grid.root.addEventListener("click", (event) => this.#click(event), { capture: true });
    grid.root.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    document.addEventListener("keydown", (event) => this.#keyAnywhere(event), { capture: true });
    this.#listenToLongPresses();
  }

  // Whether images are being selected: there may be none yet.
  get isOn() {
    return this.#isOn;
  }

  get images() {
    return [...this.#images.values()];
  }

  begin() {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#marker.observe(this.grid.root, { childList: true, subtree: true });
    this.#changed();
  }

  end() {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#marker.disconnect();
    this.#images.clear();
    this.#anchor = null;
    this.#changed();
  }

  // Update the records of selected images.
  update(images) {
    for (const image of images) if (this.#images.has(image.id)) this.#images.set(image.id, image);
  }

  #idAt(event) {
    const tile = event.target.closest?.(".tile");
    return tile && this.grid.root.contains(tile) ? tile.closest(".cell").dataset.image : null;
  }

  #toggle(id) {
    const image = this.grid.images.find((each) => each.id === id);
    if (!image) return;
    this.#anchor = id;
    if (this.#images.delete(id)) {
      if (this.#images.size) this.#changed();
      else this.end();
      return;
    }
    this.#images.set(id, image);
    this.begin();
    this.#changed();
  }

  // Select all images from the one that was selected last.
  #extend(id) {
    const { images } = this.grid;
    const at = images.findIndex((image) => image.id === id);
    const anchor = images.findIndex((image) => image.id === this.#anchor);
    const from = anchor < 0 ? at : anchor;
    for (const image of images.slice(Math.min(from, at), Math.max(from, at) + 1)) this.#images.set(image.id, image);
    this.#anchor ??= id;
    this.begin();
    this.#changed();
  }

  #selectAll() {
    for (const image of this.grid.images) this.#images.set(image.id, image);
    this.#changed();
  }

  // Enter causes a click, too, with `detail` 0. It keeps its usual effect.
  #click(event) {
    const id = this.#idAt(event);
    if (!id || !event.detail) return;
    if (event.shiftKey) this.#extend(id);
    else if (event.ctrlKey || event.metaKey || this.#isOn) this.#toggle(id);
    else return;
    event.preventDefault();
    event.stopPropagation();
    event.target.closest(".tile").focus({ preventScroll: true });
  }

  #key(event) {
    const id = this.#idAt(event);
    if (!id || event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.shiftKey) this.#extend(id);
    else this.#toggle(id);
  }

  #keyAnywhere(event) {
    if (!this.#isOn || event.target.matches("input, textarea") || find("dialog[open]")) return;
    if (event.key === "Escape") this.end();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) this.#selectAll();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #listenToLongPresses() {
    let timer = 0;
    let start = null;
    let isLong = false;
    const { root } = this.grid;
    const stop = () => clearTimeout(timer);
    root.addEventListener("pointerdown", (event) => {
      stop();
      isLong = false;
      const id = this.#idAt(event);
      if (!id || event.pointerType === "mouse") return;
      start = event;
      timer = setTimeout(() => {
        isLong = true;
        this.#toggle(id);
      }, LONG_PRESS);
    });
    root.addEventListener("pointermove", (event) => {
      if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > STEADY) stop();
    });
    root.addEventListener("pointerup", stop);
    root.addEventListener("pointercancel", stop); // the finger scrolls
    // Neither the menu of the browser nor the click at the end of the press may follow.
    root.addEventListener("contextmenu", (event) => {
      if (isLong || (start && event.pointerType === "touch")) event.preventDefault();
    });
    root.addEventListener("dragstart", (event) => isLong && event.preventDefault());
    document.addEventListener(
      "click",
      (event) => {
        if (!isLong || !this.#idAt(event)) return;
        isLong = false;
        event.preventDefault();
        event.stopPropagation();
      },
      { capture: true },
    );
  }

  #changed() {
    this.grid.root.classList.toggle("selecting", this.#isOn);
    this.#mark();
    this.onChange();
  }

  #mark() {
    for (const cell of this.grid.root.querySelectorAll(".cell")) {
      const isSelected = this.#images.has(cell.dataset.image);
      cell.classList.toggle("selected", isSelected);
      const tile = find(".tile", cell);
      if (isSelected) tile.setAttribute("aria-describedby", "selected-hint");
      else tile.removeAttribute("aria-describedby");
    }
  }
}
