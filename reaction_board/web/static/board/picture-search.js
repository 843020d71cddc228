// Searches for images that look like a file. Only this page has the file, so such a search has no address: the history
// holds its key. After a reload, the search is lost.

import { element } from "./dom.js";
import { findLike } from "./similar.js";

const MOST = 100; // images
const MOST_KEPT = 10; // files, for the way back to their searches

const files = new Map(); // by key
let serial = 0;

// A search for images like a file.
export function likeOf(file) {
  serial += 1;
  const key = `${performance.timeOrigin}-${serial}`; // the history outlasts the page
  files.set(key, file);
  if (files.size > MOST_KEPT) files.delete(files.keys().next().value);
  return { key, name: file.name };
}

// The search with a key, or undefined if the page does not have its file.
export function recall(key) {
  const file = files.get(key);
  return file && { key, name: file.name };
}

export const fileOf = ({ key }) => files.get(key);

// Let the user choose a file: `search(file)` is called with it.
export function chooseFile(search) {
  const input = element("input", { type: "file", accept: "image/jpeg,image/png,image/gif,image/webp" });
  input.addEventListener("change", () => search(input.files[0]));
  input.click();
}

// What a search finds, as one page of images.
export async function pageLike(like, signal) {
  const items = await findLike(fileOf(like), MOST, signal);
  return { items, total: items.length, next: null };
}
