// The page: what its address says is what it shows.
//
//     ?tags=cat,funny               images with both tags
//     ?tags=cat&order=random&seed=7 in a random order
//     ?tags=cat&image=ID            one of them, large

import * as api from "./api.js";
import { find, note } from "./dom.js";
import { Grid } from "./grid.js";
import { TagField } from "./tags.js";
import { withToken } from "./token.js";
import { Uploader } from "./upload.js";
import { Viewer } from "./viewer.js";

const AHEAD = "1500px"; // how far below the window the next images are fetched

const grid = new Grid(find("#grid"), { onOpen: (image) => openImage(image), onGone: (image) => forget(image) });
const search = new TagField(find("#search"), {
  label: "Search by tags",
  placeholder: "Search by tags",
  onChange: searchFor,
  eager: true,
});
const viewer = new Viewer({
  has,
  step,
  onMove: (image) => (image ? go({ ...state(), image: image.id }, { replace: true }) : leaveImage()),
  onChange: (image) => grid.replace(image),
  onRemove: (image) => forget(image),
});
new Uploader({ onUpload: () => refreshSoon(), onOpen: (image) => openImage(image) });

let total = 0;
let removed = null; // {id, at}: the image that left the grid last, and its place there
let next = null; // the address of the next images, if there are any
let listKey = null; // the query whose images the grid shows, as JSON
let request = null; // aborts the request for the next images
let loading = null; // the promise of that request
let firstPage = null; // the promise of the list's first page
let returned = Promise.resolve(); // pending while history.back() is under way

function state() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(["tags", "order", "seed", "image"].map((name) => [name, query.get(name) ?? undefined]));
}

function addressOf(target) {
  const parameters = Object.entries(target).filter(([, value]) => value);
  const query = new URLSearchParams(parameters).toString().replaceAll("%2C", ",");
  return query ? `${api.ROOT}?${query}` : api.ROOT;
}

// Change the address, and show what it says. With `replace`, it takes the place of the current one in the history.
function go(target, { replace = false } = {}) {
  const address = addressOf(target);
  if (address === location.pathname + location.search) return;
  if (replace) history.replaceState(history.state, "", address);
  else history.pushState(null, "", address);
  show();
}

async function searchFor(names) {
  await returned;
  go({ ...state(), tags: names.join(","), image: undefined });
}

async function openImage(image) {
  await returned;
  if (state().image === image.id) return; // a second click during that wait
  history.pushState({ opened: true }, "", addressOf({ ...state(), image: image.id }));
  viewer.show(image);
}

// Take a closed image out of the address. If it was opened from the list, go back to the list, so that the image does not
// stay in the history twice.
function leaveImage() {
  grid.focus(grid.images[placeOf(state().image)]);
  if (history.state?.opened) goBack();
  else go({ ...state(), image: undefined }, { replace: true });
}

// history.back() takes effect later. An address that is pushed before that would be left again, so pushes wait for it.
function goBack() {
  returned = new Promise((resolve) => {
    const listeners = new AbortController();
    const end = () => {
      listeners.abort();
      resolve();
    };
    addEventListener("popstate", end, { signal: listeners.signal });
    addEventListener("pageshow", end, { signal: listeners.signal }); // the user left the page instead, and is back
  });
  history.back();
}

async function show() {
  const target = state();
  search.names = (target.tags ?? "").split(",").filter(Boolean);
  find("#shuffle").setAttribute("aria-pressed", String(target.order === "random"));
  const { image: _, ...query } = target;
  const key = JSON.stringify(query);
  if (key !== listKey) {
    listKey = key;
    firstPage = load(query);
  }
  if (!target.image) {
    viewer.hide();
    if (isStale) refreshSoon();
  }
  // The viewer needs the list, to know which images are before and after.
  const page = firstPage;
  await page;
  if (page !== firstPage) return; // a later call shows the image
  const { image: id } = state(); // it may be another one by now
  if (id && viewer.image?.id !== id) await showImage(id);
}

async function showImage(id) {
  const listed = grid.images.find((image) => image.id === id);
  try {
    const image = listed ?? (await api.image(id));
    if (state().image === id) viewer.show(image);
  } catch (error) {
    if (state().image !== id) return;
    note(error.message);
    go({ ...state(), image: undefined }, { replace: true });
  }
}

async function load(query) {
  request?.abort();
  loading = null;
  removed = null;
  grid.clear();
  next = api.searchAddress(Object.fromEntries(Object.entries(query).filter(([, value]) => value)));
  find("#status").textContent = "Looking…";
  await more();
}

// Fetch the next page of images. Calls during a request share it.
function more() {
  if (!next) return Promise.resolve();
  if (!loading) {
    const current = fetchNext().then((success) => {
      if (loading !== current) return;
      loading = null;
      if (success && atEnd()) more();
    });
    loading = current;
  }
  return loading;
}

// Returns whether a page was added.
async function fetchNext() {
  request = new AbortController();
  const { signal } = request;
  try {
    const page = await withToken(() => api.page(next, signal));
    if (signal.aborted) return false;
    ({ next, total } = page);
    if (page.seed !== undefined && state().seed === undefined) pinSeed(page.seed);
    grid.append(page.items);
    showTotal();
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    find("#status").textContent = error.message;
    // What the board refuses, it would refuse again, unless it needs a token.
    if (!error.status || error.status >= 500 || error.status === 401)
      note(error.message, { label: "Try again", run: more });
    else next = null;
    return false;
  }
}

// A link to a shuffled board shows others the same order.
function pinSeed(seed) {
  history.replaceState(history.state, "", addressOf({ ...state(), seed }));
  const { image: _, ...query } = state();
  listKey = JSON.stringify(query);
}

function showTotal() {
  const { tags } = state();
  const number = total === 1 ? "1 image" : `${total.toLocaleString()} images`;
  find("#status").textContent = total || !tags ? number : "No image has all of these tags.";
  find("#more").textContent = total || tags ? "" : "Nothing here yet: upload the first one, or drop it on this page.";
  document.title = tags ? `${tags.replaceAll(",", ", ")} – Reaction Image Board` : "Reaction Image Board";
}

// Take an image that the board has no more out of the result.
function forget(image) {
  const at = grid.remove(image);
  if (at < 0) return;
  removed = { id: image.id, at };
  total -= 1;
  showTotal();
}

// The place of an image in the result, or of the one before (-1) or after (1) it; -1 if there is none. An image that was
// removed while the viewer shows it is between its former neighbours, and the one after it has its place.
function placeOf(id, by = 0) {
  const at = grid.images.findIndex((image) => image.id === id);
  if (at >= 0) return at + by;
  return id && id === removed?.id ? removed.at + Math.min(by, 0) : -1;
}

// Whether there is an image before (-1) or after (1) one in the result.
function has(image, by) {
  const at = placeOf(image.id, by);
  return Boolean(grid.images[at]) || (by > 0 && at >= 0 && Boolean(next));
}

// That image, or null. After the last one of the grid, the next page is fetched.
async function step(image, by) {
  const at = placeOf(image.id, by);
  if (at >= 0 && !grid.images[at] && by > 0) await more();
  return grid.images[at] ?? null;
}

// After an upload the list has changed. Uploads that end together cause one refresh, and a reader who has scrolled down is
// asked first.
const NEAR_TOP = 300; // pixels
let refreshTimer = 0;
let isStale = false;
function refreshSoon() {
  isStale = true;
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(() => {
    if (state().image) return; // show() calls this again when the image is closed
    isStale = false;
    if (scrollY < NEAR_TOP) reload();
    else note("There are new images.", { label: "Show", run: reload });
  }, 400);
}

function reload() {
  listKey = null;
  scrollTo(0, 0);
  show();
}

const sentinel = find("#more");
const atEnd = () => sentinel.getBoundingClientRect().top < innerHeight + parseInt(AHEAD, 10);
const endObserver = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && more(), {
  rootMargin: AHEAD,
});
endObserver.observe(sentinel);

find("#search").addEventListener("submit", (event) => {
  event.preventDefault();
  search.commit();
});
find("#shuffle").addEventListener("click", async () => {
  await returned;
  const on = state().order !== "random";
  go({ ...state(), order: on ? "random" : undefined, seed: undefined });
});
find("#home").addEventListener("click", async (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  await returned;
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
