// The picker: the search and the grid in a frame or a small window of another page, which gets what the user chooses. The
// address says nothing of the search: the history is that of the other page.

import * as api from "./api.js";
import { Collections } from "./collections.js";
import { find, note } from "./dom.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import { ImageList } from "./list.js";
import { listenToKeys } from "./movement.js";
import { Outcome } from "./outcome.js";
import * as queries from "./query.js";
import { SearchBox } from "./searchbox.js";
import { Strip } from "./strip.js";
import { suggest } from "./suggestions.js";
import { showStar } from "./tiles.js";

const ORIGINS = document.documentElement.dataset.picker.split(" "); // of the pages that may get it
const TOAST_SECONDS = 2;

let query = queries.EMPTY;
let shown = query; // the search that the grid shows, which may be still being typed

const actions = {
  isStarred: (image) => collections.isStarred(image),
  onChoose: (image) => choose(image),
  onStar: (image) => showStar(image, collections.toggleStar(image)),
  onGone: (image) => {
    collections.forget([image]);
    list.remove([image]);
  },
};
const collections = new Collections({ onChange: () => strip.update() });
const grid = new Grid(find("#grid"), actions);
const strip = new Strip(find("#strip"), collections, actions);
const list = new ImageList(grid, find("#end"), {
  onAnswer: () => {
    outcome.show(list, shown);
    search.retry();
  },
  onError: (error, mayHelp) => {
    outcome.fail(error);
    if (mayHelp) note(error.message, { label: "Try again", run: () => list.more() });
  },
});
const search = new SearchBox(find("#search"), find("#suggestions"), {
  onQuery: searchFor,
  onPreview: (typed, { problem } = {}) => {
    showList(typed ?? query, { again: !typed });
    outcome.showProblem(problem);
  },
  onEnter: enterGrid,
  onCopy: async (coming) => {
    const image = await coming;
    if (image) choose(image);
  },
  suggest: (refined, limit, signal) => suggest(refined, imagesShown, limit, signal),
});
const filters = new Filters(find("#filters"), { onQuery: searchFor });
const outcome = new Outcome({ onQuery: searchFor });

function searchFor(other) {
  query = other;
  filters.show(query);
  showList(query);
  search.show(query, filters);
}

function showList(other, options) {
  shown = other;
  strip.show(!queries.isNarrow(shown));
  return list.show(shown, options);
}

async function imagesShown() {
  await list.show(shown);
  return grid.images;
}

// Focus the first picture, once the pictures of what is typed are there. Returns its image, or null if there is none.
async function enterGrid(isWanted) {
  await list.show(shown);
  if (!isWanted()) return null;
  find("main .tile")?.focus();
  return strip.first ?? grid.images[0] ?? null;
}

// Send an image to the other page. The browser delivers it to a page of these origins only.
function choose(image) {
  const other = parent === window ? opener : parent;
  if (!other) {
    note("No page has opened this picker, so the picture cannot be sent to one.", null, { topic: "choice" });
    return;
  }
  const { filename, mime_type, width, height, tags } = image;
  const message = {
    type: "reaction-board:picked",
    page: api.linkOf(image),
    direct: api.directLinkOf(image),
    thumbnail: new URL(api.thumbnailOf(image), location.href).href,
    ...{ filename, mime_type, width, height, tags },
  };
  for (const origin of ORIGINS) other.postMessage(message, origin);
  collections.use(image);
  note(`Chosen: ${filename}`, null, { topic: "choice", seconds: TOAST_SECONDS });
}

listenToKeys(find("main"), search);
addEventListener("online", () => list.more());
searchFor(query);
search.focus();
