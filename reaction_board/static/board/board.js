// The page: what its address says is what it shows.
//
//     /?tags=cat,funny               images with both tags
//     /?tags=cat&order=random&seed=7 in a random order
//     /?tags=cat&image=ID            one of them, large

import * as api from "./api.js";
import { find, note } from "./dom.js";
import { Grid } from "./grid.js";
import { TagField } from "./tags.js";
import { Uploader } from "./upload.js";
import { Viewer } from "./viewer.js";

const AHEAD = "1500px"; // how far below the window the next images are fetched

const grid = new Grid(find("#grid"), (image) => openImage(image));
const search = new TagField(find("#search"), { label: "Search by tags", placeholder: "Search by tags", changed: searchFor, eager: true });
const viewer = new Viewer({
  step,
  moved: (image) => (image ? go({ ...state(), image: image.id }, true) : closed()),
  changed: (image) => grid.replace(image),
  removed: (image) => {
    grid.remove(image);
    total -= 1;
    tell();
    note(`${image.filename} is deleted.`);
  },
});
new Uploader({ done: () => stale(), open: (image) => openImage(image) });

let total = 0;
let next = null; // the address of the next images, if there are any
let shown = null; // what the grid shows: the part of the address that decides it
let loading = null;

function state() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(["tags", "order", "seed", "image"].map((name) => [name, query.get(name) ?? undefined]));
}

function addressOf(wanted) {
  const given = Object.entries(wanted).filter(([, value]) => value);
  const query = new URLSearchParams(given).toString().replaceAll("%2C", ",");
  return query ? `/?${query}` : "/";
}

// Change the address, and show what it says. A step that is not `pushed` takes the place of the one before.
function go(wanted, replaced = false) {
  const address = addressOf(wanted);
  if (address === location.pathname + location.search) return;
  if (replaced) history.replaceState(history.state, "", address);
  else history.pushState(null, "", address);
  show();
}

function searchFor(names) {
  go({ ...state(), tags: names.join(","), image: undefined });
}

function openImage(image) {
  history.pushState({ opened: true }, "", addressOf({ ...state(), image: image.id }));
  viewer.show(image);
}

// A picture that was opened from here leaves by the way it came: no step back leads into it again.
function closed() {
  if (history.state?.opened) history.back();
  else go({ ...state(), image: undefined }, true);
}

async function show() {
  const wanted = state();
  search.names = (wanted.tags ?? "").split(",").filter(Boolean);
  find("#shuffle").setAttribute("aria-pressed", String(wanted.order === "random"));
  const { image: id, ...query } = wanted;
  const key = JSON.stringify(query);
  if (key !== shown) {
    shown = key;
    await load(query);
  }
  if (!id) viewer.hide();
  else if (viewer.image?.id !== id) await showImage(id);
}

async function showImage(id) {
  const known = grid.images.find((image) => image.id === id);
  try {
    viewer.show(known ?? (await api.image(id)));
  } catch (error) {
    note(error.message);
    go({ ...state(), image: undefined }, true);
  }
}

async function load(query) {
  loading?.abort();
  loading = null;
  grid.clear();
  next = api.searchAddress(Object.fromEntries(Object.entries(query).filter(([, value]) => value)));
  find("#status").textContent = "Looking…";
  await more();
}

// Fetch the next images, one page at a time.
async function more() {
  if (!next || loading) return;
  const asked = (loading = new AbortController());
  try {
    const page = await api.page(next, asked.signal);
    if (asked.signal.aborted) return;
    ({ next, total } = page);
    if (page.seed !== undefined && state().seed === undefined) pinSeed(page.seed);
    grid.append(page.items);
    loading = null;
    tell();
    if (atEnd()) await more();
  } catch (error) {
    if (error.name === "AbortError") return;
    loading = null;
    find("#status").textContent = error.message;
    note(error.message, { label: "Try again", run: more });
  }
}

// A link to a shuffled board shows others the same order.
function pinSeed(seed) {
  history.replaceState(history.state, "", addressOf({ ...state(), seed }));
  const { image: _, ...query } = state();
  shown = JSON.stringify(query);
}

function tell() {
  const { tags } = state();
  const number = total === 1 ? "1 image" : `${total.toLocaleString()} images`;
  find("#status").textContent = total || !tags ? number : "No image has all of these tags.";
  find("#more").textContent = total || tags ? "" : "Nothing here yet: upload the first one, or drop it on this page.";
  document.title = tags ? `${tags.replaceAll(",", ", ")} – Reaction Image Board` : "Reaction Image Board";
}

// The image before or after one in the result; the last ones before the end of what is there fetch more.
function step(image, by) {
  const at = grid.images.findIndex((other) => other.id === image.id);
  if (at < 0) return null;
  if (by > 0 && at + 1 === grid.images.length && next) return more().then(() => grid.images[at + 1] ?? null);
  return grid.images[at + by] ?? null;
}

// After an upload the list is another one; several uploads that end together are one reason to look.
let staleTimer = 0;
function stale() {
  clearTimeout(staleTimer);
  staleTimer = setTimeout(() => {
    shown = null;
    show();
  }, 400);
}

const sentinel = find("#more");
const atEnd = () => sentinel.getBoundingClientRect().top < innerHeight + parseInt(AHEAD, 10);
new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), { rootMargin: AHEAD }).observe(sentinel);

find("#search").addEventListener("submit", (event) => {
  event.preventDefault();
  search.commit();
});
find("#shuffle").addEventListener("click", () => {
  const on = state().order !== "random";
  go({ ...state(), order: on ? "random" : undefined, seed: undefined });
});
find("#home").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go({});
  scrollTo(0, 0);
});
addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input") && !find("dialog[open]")) {
    event.preventDefault();
    search.focus();
  }
});
addEventListener("popstate", show);
addEventListener("online", () => more());

show();
