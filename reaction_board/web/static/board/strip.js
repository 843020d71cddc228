// The strip above an empty search: recently used or starred images.

import { element, find, note } from "./dom.js";
import { MenuButton } from "./menubutton.js";
import * as storage from "./storage.js";
import { listenToTiles, makeTabStop, makeTile } from "./tiles.js";

const HEIGHT = 96; // pixels, of a tile
const TABS = ["recent", "favourites"];
const EMPTY = {
  recent: "Pictures that you use appear here.",
  favourites: "Star a picture, and it appears here.",
};

export class Strip {
  #isWanted = false; // whether nothing is searched

  // `actions` are what listenToTiles() and makeTile() take.
  constructor(root, collections, actions) {
    Object.assign(this, { root, collections, actions });
    this.tiles = find(".tiles", root);
    this.tabs = TABS.map((name) => {
      const tab = find(`[data-strip=${name}]`, root);
      tab.addEventListener("click", () => {
        storage.write("strip", name);
        this.draw();
      });
      return tab;
    });
    listenToTiles(this.tiles, { ...actions, imageOf: (id) => this.#images.find((image) => image.id === id) });
    if (find(".more-button", root)) this.#offerFiles();
  }

  show(isWanted) {
    if (this.#isWanted === isWanted) return;
    this.#isWanted = isWanted;
    this.draw();
  }

  // The first image that it shows, or null.
  get first() {
    return this.root.hidden ? null : (this.#images[0] ?? null);
  }

  // Show a collection that has changed. A hidden strip waits for the next empty search, because it would move the pictures
  // below the pointer.
  update() {
    if (!this.root.hidden) this.draw();
  }

  draw() {
    const name = this.#name;
    this.root.hidden = !this.#isWanted || TABS.every((each) => !this.collections.list(each).length);
    if (this.root.hidden) {
      this.tiles.replaceChildren();
      return;
    }
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", String(tab.dataset.strip === name));
    const focused = document.activeElement.closest?.(".cell");
    const hadFocus = focused && this.tiles.contains(focused) && focused.dataset.image;
    this.tiles.replaceChildren(...this.#images.map((image) => makeTile(image, HEIGHT, this.actions)));
    if (!this.#images.length) this.tiles.append(element("p", { class: "facts" }, EMPTY[name]));
    makeTabStop(this.tiles, find(".tile", this.tiles));
    if (hadFocus) find(`[data-image="${hadFocus}"] .tile`, this.tiles)?.focus({ preventScroll: true });
  }

  #offerFiles() {
    this.file = find("input", this.root);
    this.file.addEventListener("change", () => this.#import());
    new MenuButton(find(".more-button", this.root), () => [
      { label: "Export as a file", run: () => this.#export() },
      { label: "Import a file", run: () => this.file.click() },
    ]);
  }

  get #name() {
    const chosen = storage.read("strip", null);
    if (TABS.includes(chosen)) return chosen;
    return this.collections.list("recent").length ? "recent" : "favourites";
  }

  get #images() {
    return this.collections.list(this.#name);
  }

  #export() {
    const file = new Blob([JSON.stringify(this.collections, null, 2)], { type: "application/json" });
    const address = URL.createObjectURL(file);
    element("a", { href: address, download: "favourites.json" }).click();
    setTimeout(URL.revokeObjectURL, 60_000, address); // the download may begin late
  }

  async #import() {
    const [file] = this.file.files;
    this.file.value = "";
    if (!file) return;
    try {
      const number = this.collections.merge(await file.text());
      storage.write("strip", "favourites");
      this.draw();
      note(number === 1 ? "1 new favourite." : `${number.toLocaleString()} new favourites.`);
    } catch {
      note(`${file.name} is not a file of favourites.`);
    }
  }
}
