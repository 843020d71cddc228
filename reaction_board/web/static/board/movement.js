// Moving among tiles by the arrow keys: left and right in their order, up and down by their position.

import { find } from "./dom.js";

// Let the arrow keys move among the tiles of an element, and Escape lead from them to the search, as `/` does from anywhere.
export function listenToKeys(root, search) {
  root.addEventListener("keydown", (event) => {
    const tile = event.target.closest(".tile");
    if (!tile || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    if (event.key === "Escape") search.focus();
    else if (event.key.startsWith("Arrow")) {
      const next = neighbour([...root.querySelectorAll(".tile")], tile, event.key);
      if (next) next.focus();
      else if (event.key === "ArrowUp") search.focus();
    } else return;
    event.preventDefault();
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target.matches("input") && !find("#search").contains(event.target);
    if (event.key !== "/" || isTyping || find("dialog[open]")) return;
    event.preventDefault();
    search.focus();
  });
}

const middleOf = ({ left, right }) => (left + right) / 2;

// The tile that a key leads to from one of several, in the order of the document; null if there is none.
function neighbour(tiles, tile, key) {
  const at = tiles.indexOf(tile);
  if (key === "ArrowLeft") return tiles[at - 1] ?? null;
  if (key === "ArrowRight") return tiles[at + 1] ?? null;
  const here = tile.getBoundingClientRect();
  const boxes = tiles.map((other) => ({ tile: other, box: other.getBoundingClientRect() }));
  const isBeyond = ({ box }) => (key === "ArrowDown" ? box.top >= here.bottom : box.bottom <= here.top);
  const beyond = boxes.filter(isBeyond);
  if (!beyond.length) return null;
  const distance = ({ box }) => Math.abs(box.top - here.top);
  const nearest = Math.min(...beyond.map(distance));
  const row = beyond.filter((each) => distance(each) - nearest < 1);
  const away = ({ box }) => Math.abs(middleOf(box) - middleOf(here));
  return row.reduce((best, each) => (away(each) < away(best) ? each : best)).tile;
}
