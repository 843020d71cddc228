// The address of the page describes what it shows: a search (see query.js), or one opened image. While an image is open,
// the address is /i/{id}, the page of the image, which unfolds wherever it is pasted. The history keeps the search.

import { ROOT } from "./api.js";
import { recall } from "./picture-search.js";
import { addressOf, parse, text } from "./query.js";

let returned = Promise.resolve(); // pending while history.back() is under way

const imagePath = new RegExp(`^${ROOT}i/([0-9a-f-]{36})$`);

// The content of the address: {query, image}; `image` is the id of the opened one, or null.
export function current() {
  const [, opened] = imagePath.exec(location.pathname) ?? [];
  const like = recall(history.state?.like);
  const queryOf = (search) => ({ ...parse(search), ...(like && { like }) });
  if (opened) return { query: queryOf(history.state?.search ?? ""), image: opened };
  return { query: queryOf(location.search), image: new URLSearchParams(location.search).get("image") };
}

// Change the address. With `replace`, it takes the place of the current one in the history. Returns whether it changed.
export async function go(query, { replace = false } = {}) {
  await returned;
  const address = addressOf(query);
  const isSame = address === location.pathname + location.search && query.like?.key === history.state?.like;
  if (isSame) return false;
  history[replace ? "replaceState" : "pushState"](stateOf(query), "", address);
  return true;
}

// Let the address be that of an image; `opened` says that the list is one step back in the history.
export async function open(id, query, { replace = false, opened = true } = {}) {
  await returned;
  history[replace ? "replaceState" : "pushState"](
    { ...stateOf(query), search: text(query), opened },
    "",
    `${ROOT}i/${id}`,
  );
}

// Take the image out of the address. If it was opened from the list, go back to that, so that the image does not stay in
// the history twice. Returns whether the event popstate will follow.
export function leave() {
  if (history.state?.opened) {
    goBack();
    return true;
  }
  const { query } = current();
  history.replaceState(stateOf(query), "", addressOf(query));
  return false;
}

// The data of a search that the history holds besides its address.
const stateOf = ({ like }) => (like ? { like: like.key } : null);

const PLACE = `reaction-board-place${ROOT.slice(0, -1)}`;

// Remember the place in the list, for the way back from another page: a change of the history would come too late when the
// page is being left.
export function remember(place) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ ...place, address: location.href }));
  } catch {
    // The browser lets the page store nothing: the list begins at its top.
  }
}

// The place that was remembered for this address, or null if the user came another way.
export function remembered() {
  const type = performance.getEntriesByType("navigation")[0]?.type ?? "navigate"; // a frozen clock has none
  try {
    const place = JSON.parse(sessionStorage.getItem(PLACE));
    return type !== "navigate" && place?.address === location.href ? place : null;
  } catch {
    return null;
  }
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
