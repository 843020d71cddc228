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
const search = new TagField(find("#search"), {
  label: "Search by tags",
  placeholder: "Search by tags",
  changed: searchFor,
  eager: true,
});
const viewer = new Viewer({
  has,
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
let asked = null; // what can abort the request for the next images
let underway = null; // the promise of it

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
  const { image: id } = state();
  grid.focus(grid.images.find((image) => image.id === id));
  if (isStale) stale();
  if (history.state?.opened) history.back();
  else go({ ...state(), image: undefined }, true);
}

async function show() {
  const wanted = state();
  search.names = (wanted.tags ?? "").split(",").filter(Boolean);
  find("#shuffle").setAttribute("aria-pressed", String(wanted.order === "random"));
  const { image: _, ...query } = wanted;
  const key = JSON.stringify(query);
  if (key !== shown) {
    shown = key;
    await load(query);
  }
  const { image: id } = state(); // it may be another one by now
  if (!id) viewer.hide();
  else if (viewer.image?.id !== id) await showImage(id);
}

async function showImage(id) {
  const known = grid.images.find((image) => image.id === id);
  try {
    const image = known ?? (await api.image(id));
    if (state().image === id) viewer.show(image);
  } catch (error) {
    if (state().image !== id) return;
    note(error.message);
    go({ ...state(), image: undefined }, true);
  }
}

async function load(query) {
  asked?.abort();
  underway = null;
  grid.clear();
  next = api.searchAddress(Object.fromEntries(Object.entries(query).filter(([, value]) => value)));
  find("#status").textContent = "Looking…";
  await more();
}

// Fetch the next images, one page at a time; who asks while they are under way waits for the same.
function more() {
  if (!next) return Promise.resolve();
  if (!underway) {
    const mine = fetchNext().then((came) => {
      if (underway !== mine) return;
      underway = null;
      if (came && atEnd()) more();
    });
    underway = mine;
  }
  return underway;
}

// Says whether they came.
async function fetchNext() {
  asked = new AbortController();
  const { signal } = asked;
  try {
    const page = await api.page(next, signal);
    if (signal.aborted) return false;
    ({ next, total } = page);
    if (page.seed !== undefined && state().seed === undefined) pinSeed(page.seed);
    grid.append(page.items);
    tell();
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    find("#status").textContent = error.message;
    // What the board refuses, it would refuse again.
    if (!error.status || error.status >= 500) note(error.message, { label: "Try again", run: more });
    else next = null;
    return false;
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

// Whether there is an image before (-1) or after (1) one in the result.
function has(image, by) {
  const at = grid.images.findIndex((other) => other.id === image.id);
  return at >= 0 && (Boolean(grid.images[at + by]) || (by > 0 && Boolean(next)));
}

// That image; behind the last one that is here, more are fetched.
async function step(image, by) {
  const at = grid.images.findIndex((other) => other.id === image.id);
  if (at < 0) return null;
  if (!grid.images[at + by] && by > 0) await more();
  return grid.images[at + by] ?? null;
}

// After an upload the list is another one. Several uploads that end together are one reason to look, and nobody is torn
// from where they read.
const NEAR_TOP = 300; // pixels
let staleTimer = 0;
let isStale = false;
function stale() {
  isStale = true;
  clearTimeout(staleTimer);
  staleTimer = setTimeout(() => {
    if (viewer.image) return; // when it is closed, then
    isStale = false;
    if (scrollY < NEAR_TOP) reload();
    else note("There are new images.", { label: "Show", run: reload });
  }, 400);
}

function reload() {
  shown = null;
  scrollTo(0, 0);
  show();
}

const sentinel = find("#more");
const atEnd = () => sentinel.getBoundingClientRect().top < innerHeight + parseInt(AHEAD, 10);
const nearing = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), {
  rootMargin: AHEAD,
});
nearing.observe(sentinel);

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
