// The images that this browser remembers: recently used ones and starred ones. It stores only the fields that tiles need.

import { note } from "./dom.js";
import * as storage from "./storage.js";

const MOST = { recent: 40, favourites: 1000 };
const FIELDS = ["id", "filename", "mime_type", "width", "height", "tags", "frames"];
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const partOf = (image) => Object.fromEntries(FIELDS.map((name) => [name, image[name]]));

// Whether something that was stored or imported can be shown as a tile.
function isImage(value) {
  const { id, filename, mime_type: type, width, height, tags } = value ?? {};
  return (
    ID.test(id) &&
    typeof filename === "string" &&
    /^image\/(jpeg|png|gif|webp)$/.test(type) &&
    width > 0 &&
    height > 0 &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === "string")
  );
}

export class Collections {
  #lists = {};
  #starred = new Set(); // their ids

  // `onChange()` is called after each change, also one in another tab.
  constructor({ onChange }) {
    this.onChange = onChange;
    for (const name of Object.keys(MOST)) {
      this.#read(name);
      storage.listen(name, () => {
        this.#read(name);
        onChange();
      });
    }
  }

  // The images of a collection, "recent" or "favourites", the latest first.
  list(name) {
    return this.#lists[name];
  }

  isStarred = (image) => this.#starred.has(image.id);

  use(image) {
    this.#put("recent", [image, ...this.list("recent")]);
  }

  // Returns whether the image has a star afterwards.
  toggleStar(image) {
    const images = this.list("favourites");
    const starred = !this.isStarred(image);
    this.#put("favourites", starred ? [image, ...images] : images.filter(({ id }) => id !== image.id));
    return starred;
  }

  // Forget images. Returns a function that puts them back to their places.
  forget(images) {
    const ids = new Set(images.map(({ id }) => id));
    const forgotten = Object.keys(MOST).map((name) => {
      const places = this.list(name).map((image, at) => ({ image, at }));
      return { name, places: places.filter(({ image }) => ids.has(image.id)) };
    });
    const change = (act) => {
      for (const { name, places } of forgotten) if (places.length) this.#put(name, act(this.list(name), places));
    };
    change((list) => list.filter(({ id }) => !ids.has(id)));
    return () => change((list, places) => places.reduce((all, { image, at }) => all.toSpliced(at, 0, image), list));
  }

  // Both collections as the text of a file.
  toJSON() {
    return Object.fromEntries(Object.keys(MOST).map((name) => [name, this.list(name)]));
  }

  // Add the images of an exported file. Returns the number of new favourites; throws if the text is not such a file.
  merge(text) {
    const imported = JSON.parse(text);
    if (!Array.isArray(imported?.favourites)) throw new Error("no favourites");
    const before = this.list("favourites").length;
    for (const name of Object.keys(MOST)) {
      const images = Array.isArray(imported[name]) ? imported[name].filter(isImage) : [];
      this.#put(name, [...this.list(name), ...images]);
    }
    return this.list("favourites").length - before;
  }

  #read(name) {
    const images = storage.read(name, []);
    this.#lists[name] = Array.isArray(images) ? images.filter(isImage) : [];
    if (name === "favourites") this.#starred = new Set(this.#lists.favourites.map(({ id }) => id));
  }

  #put(name, images) {
    const seen = new Set();
    const distinct = images.filter(({ id }) => !seen.has(id) && seen.add(id));
    if (!storage.write(name, distinct.slice(0, MOST[name]).map(partOf)))
      note(
        "This browser stores no data for the page: recent and starred pictures are forgotten when this tab is closed.",
        null,
        {
          topic: "storage",
        },
      );
    this.#read(name);
    this.onChange();
  }
}
