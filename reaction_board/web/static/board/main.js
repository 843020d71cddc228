// The page: what its address says is what it shows. This wires the parts together.

import * as api from "./api.js";
import { Collections } from "./collections.js";
import { Copying } from "./copying.js";
import { Deletion } from "./deletion.js";
import { find, note } from "./dom.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import * as address from "./history.js";
import { icon } from "./icons.js";
import { listen } from "./incoming.js";
import { ImageList } from "./list.js";
import { offerMenu } from "./menu.js";
import { listenToKeys } from "./movement.js";
import { Outcome } from "./outcome.js";
import * as pictures from "./picture-search.js";
import * as queries from "./query.js";
import { SearchBox } from "./searchbox.js";
import { SelectionBar } from "./selectionbar.js";
import { offerSharing, takeShared } from "./shared.js";
import { Strip } from "./strip.js";
import { suggest } from "./suggestions.js";
import { showStar } from "./tiles.js";
import { Uploader } from "./upload.js";
import { Viewer } from "./viewer.js";

const actions = {
  isStarred: (image) => collections.isStarred(image),
  isHidden: (image) => list.isHidden(image),
  onChoose: (image) => copying.copy(image),
  onCopy: (image) => copying.copy(image),
  onOpen: (image) => openImage(image),
  onStar: (image) => showStar(image, collections.toggleStar(image)),
  onGone: (image) => forget([image]),
};
const collections = new Collections({ onChange: () => strip.update() });
const copying = new Copying({ onCopy: (image) => collections.use(image) });
const grid = new Grid(find("#grid"), actions);
const strip = new Strip(find("#strip"), collections, actions);
const list = new ImageList(grid, find("#end"), {
  onAnswer: () => {
    outcome.show(list, shown);
    search.retry(); // they are missing if the board needed a token or did not answer
  },
  onSeed: (seed) => pinSeed(seed),
  onStale: () => refreshSoon(),
  onError: (error, mayHelp) => {
    outcome.fail(error);
    if (mayHelp) note(error.message, { label: "Try again", run: () => list.more() });
  },
});
const search = new SearchBox(find("#search"), find("#suggestions"), {
  onQuery: searchFor,
  onPreview: preview,
  onEnter: enterGrid,
  onCopy: (image) => copying.copy(image),
  suggest: (query, limit, signal) => suggest(query, imagesShown, limit, signal),
});
const filters = new Filters(find("#filters"), { onQuery: searchFor });
const outcome = new Outcome({
  onQuery: searchFor,
  onUpload: () => find("#upload").click(),
  onUploadLike: (like) => uploader.receive({ files: [pictures.fileOf(like)] }),
});
const deletion = new Deletion({
  hide: forget,
  onUndo: ([image]) => (viewer.image ? viewer.focus() : grid.focus(image)),
});
const viewer = new Viewer({
  has: (image, by) => list.has(image, by),
  step: (image, by) => list.step(image, by),
  onMove: (image) =>
    image ? address.open(image.id, shown, { replace: true, opened: history.state?.opened }) : leave(),
  onChange: (image) => grid.replace(image),
  onRemove: (image) => forget([image]),
  onDelete: (image) => deletion.start([image]),
  onSearch: (tag) => searchFor({ ...queries.EMPTY, tags: [tag] }),
  actions,
  copying,
});
const uploader = new Uploader({
  onUpload: () => refreshSoon(),
  onOpen: (image) => openImage(image),
  onChange: (image) => grid.replace(image),
});
listen({ receive: (contents) => uploader.receive(contents), search: searchByPicture });
copying.offer(null, find("#copy-choice"));
const selection = new SelectionBar(grid, {
  onChange: (images) => {
    for (const image of images) grid.replace(image);
  },
  onRemove: forget,
  onDelete: (images) => deletion.start(images),
});
offerMenu(find("#menu"), () => [
  ...(outcome.isBoardEmpty
    ? []
    : [
        { label: "Search by picture", run: () => pictures.chooseFile(searchByPicture) },
        { label: "Select images", run: () => selection.begin() },
      ]),
  { label: "Tags", href: `${api.ROOT}tags` },
]);

let shown = queries.EMPTY; // the search that the grid shows, which may be still being typed

async function searchFor(query) {
  await address.go(query);
  show();
}

function searchByPicture(file) {
  return searchFor({ ...queries.EMPTY, like: pictures.likeOf(file) });
}

// Show what is being typed; null ends that.
function preview(query, { problem } = {}) {
  showList(query ?? address.current().query, { again: !query });
  outcome.showProblem(problem);
}

function showList(query, options) {
  if (JSON.stringify(query) !== JSON.stringify(shown)) selection.end();
  shown = query;
  strip.show(!queries.isNarrow(query) && !query.order);
  return list.show(query, options);
}

async function imagesShown() {
  await list.show(shown);
  return grid.images;
}

// Show what the address says; with `again`, as it was left.
async function show({ again = false } = {}) {
  const target = address.current();
  filters.show(target.query);
  find("#shuffle").setAttribute("aria-pressed", String(target.query.order === "random"));
  if (!target.image) {
    viewer.hide();
    if (isStale) refreshSoon();
  }
  const listed = showList(target.query, { again });
  search.show(target.query, filters);
  // The viewer needs the list, to know which images are before and after.
  if (!(await listed)) return; // a later call shows the image
  const { image: id } = address.current(); // it may be another one by now
  if (id && viewer.image?.id !== id) await showImage(id);
}

async function showImage(id) {
  const listed = grid.images.find((image) => image.id === id);
  try {
    const image = listed ?? (await api.image(id));
    if (address.current().image !== id) return;
    if (new URLSearchParams(location.search).has("image")) address.open(id, shown, { replace: true, opened: false });
    viewer.show(image);
  } catch (error) {
    if (address.current().image !== id) return;
    note(error.message);
    address.leave();
  }
}

// An image that is opened while a search is being typed takes that search.
async function openImage(image) {
  if (search.isTyping) await address.go(shown);
  await address.open(image.id, shown);
  if (address.current().image !== image.id) return;
  if (image.created_at) viewer.show(image);
  else await showImage(image.id); // the browser remembers only a part of the record
}

function leave() {
  const { image: id } = address.current();
  grid.focus(grid.images[list.placeOf(id)]);
  if (!address.leave()) show();
}

// Focus the first picture, once the pictures of what is typed are there. Returns its image, or null if there is none.
async function enterGrid(isWanted) {
  await list.show(shown);
  if (!isWanted()) return null;
  find("main .tile")?.focus();
  return strip.first ?? grid.images[0] ?? null;
}

// Take images off the page. Returns a function that puts them back.
function forget(images) {
  const remember = collections.forget(images);
  const show = list.remove(images);
  return () => {
    remember();
    show();
  };
}

function pinSeed(seed) {
  shown = { ...shown, seed };
  list.pinSeed(shown);
  history.replaceState(history.state, "", queries.addressOf(shown));
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
    if (address.current().image) return; // show() calls this again when the image is closed
    isStale = false;
    if (scrollY < NEAR_TOP) reload();
    else note("There are new images.", { label: "Show", run: reload });
  }, 400);
}

// The place in the list outlasts the way to another page and back, as far as it takes few requests to get there.
const MOST_REMEMBERED = 600; // images
addEventListener("pagehide", () =>
  address.remember({ y: scrollY, count: Math.min(grid.images.length, MOST_REMEMBERED) }),
);

async function start() {
  const place = address.remembered();
  await show();
  if (!place?.y || scrollY) return;
  await list.grow(place.count);
  scrollTo(0, place.y);
}

function reload() {
  list.forgetAll();
  show();
}

listenToKeys(find("main"), search);
find("#shuffle").addEventListener("click", () => {
  const { query } = address.current();
  searchFor({ ...query, like: undefined, order: query.order === "random" ? undefined : "random", seed: undefined });
});
find("#upload").prepend(icon("upload"));
find(".board h1 a").href = api.ROOT; // the address of the page may be that of an image
find(".board h1 a").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  scrollTo(0, 0);
  searchFor(queries.EMPTY);
});
addEventListener("popstate", () => show({ again: true }));
addEventListener("online", () => list.more());
history.scrollRestoration = "manual";

takeShared().then((shared) => shared && uploader.receive(shared));
start();
search.focus();
offerSharing();
