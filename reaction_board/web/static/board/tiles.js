// A tile: a small picture of an image, and what can be done with it. A click or Enter chooses it; the tools appear where
// the pointer or the focus is.

import * as api from "./api.js";
import { element, find } from "./dom.js";
import { carry } from "./dragging.js";
import { icon } from "./icons.js";
import { likeness } from "./similar.js";

const NARROWEST = 0.45; // width ÷ height; narrower pictures are cropped
const WIDEST = 3.2;
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

export const ratioOf = (image) => Math.min(Math.max(image.width / image.height, NARROWEST), WIDEST);

export const describe = (image) => (image.tags.length ? image.tags.join(", ") : image.filename);

// Whether an image moves, as far as the page knows: records that come from uploads do not say how many frames they have.
export const isAnimated = ({ frames, mime_type: type }) => (frames ? frames > 1 : type === "image/gif");

// A tile of a height in pixels. `onGone(image)` is called when the image is no longer on the board.
export function makeTile(image, height, { isStarred, onGone }) {
  const width = ratioOf(image) * height;
  const picture = element("img", {
    src: api.thumbnailOf(image),
    alt: describe(image),
    loading: "lazy",
    decoding: "async",
    width: Math.round(width),
    height: Math.round(height),
    onload: () => tile.classList.add("loaded"),
  });
  const tile = element("a", { class: "tile", href: api.linkOf(image), tabindex: "-1" }, picture);
  picture.addEventListener("error", () => retry(tile, picture, image, onGone), { once: true });
  if (image.distance !== undefined) tile.append(element("span", { class: "likeness" }, likeness(image.distance)));
  if (isAnimated(image)) tile.dataset.kind = "animated";
  if (isAnimated(image) && reducedMotion.matches) holdStill(tile, picture);
  const cell = element("div", { class: isStarred(image) ? "cell starred" : "cell", "data-image": image.id }, tile);
  cell.style.width = `${width}px`;
  return cell;
}

// Listen to all tiles below an element. `imageOf(id)` returns the current record of a tile's image. `onChoose(image)` is
// called for a click. The tools call `onStar(image)`, and `onCopy(image)` and `onOpen(image)` if these are given. Clicks that
// are already handled are ignored.
export function listenToTiles(root, { imageOf, onChoose, ...tools }) {
  const cellOf = (event) => event.target.closest?.(".cell");
  const imageAt = (event) => imageOf(cellOf(event)?.dataset.image);
  const isTile = (event) => event.target.closest(".tile");
  const withModifier = (event) => event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;

  root.addEventListener("click", (event) => {
    const image = imageAt(event);
    if (event.defaultPrevented || !image || !isTile(event) || withModifier(event)) return;
    event.preventDefault();
    isTile(event).focus({ preventScroll: true }); // Safari does not, so touch screens would show no tools
    onChoose(image);
  });
  root.addEventListener("keydown", (event) => {
    const image = imageAt(event);
    if (event.defaultPrevented || !image || !isTile(event) || withModifier(event)) return;
    const run = { o: tools.onOpen, " ": tools.onOpen, s: tools.onStar }[event.key];
    if (!run) return;
    event.preventDefault();
    run(image);
  });
  root.addEventListener("dragstart", (event) => {
    const image = imageAt(event);
    if (image && isTile(event)) carry(event.dataTransfer, image);
  });

  const show = (cell) => {
    const image = cell && imageOf(cell.dataset.image);
    if (image && !find(".tools", cell)) cell.append(makeTools(image, tools));
  };
  const hide = (cell) => {
    if (cell && !cell.matches(":hover, :focus-within")) find(".tools", cell)?.remove();
  };
  root.addEventListener("pointerover", (event) => show(cellOf(event)));
  root.addEventListener("pointerout", (event) => hide(cellOf(event)));
  root.addEventListener("focusin", (event) => {
    show(cellOf(event));
    if (isTile(event)) makeTabStop(root, isTile(event));
  });
  root.addEventListener("focusout", (event) => setTimeout(hide, 0, cellOf(event)));
}

// One tile of an element can be reached by Tab, the others from there by the arrows.
export function makeTabStop(root, tile) {
  for (const other of root.querySelectorAll(".tile[tabindex='0']")) other.tabIndex = -1;
  if (tile) tile.tabIndex = 0;
}

// Show on all tiles of an image whether it is starred.
export function showStar(image, starred) {
  for (const cell of document.querySelectorAll(`.cell[data-image="${image.id}"]`)) {
    cell.classList.toggle("starred", starred);
    find(".tools .star-button", cell)?.setAttribute("aria-pressed", String(starred));
  }
}

function makeTools(image, { isStarred, onCopy, onOpen, onStar }) {
  const button = (name, label, run, attributes = {}) =>
    element(
      "button",
      {
        type: "button",
        "aria-label": label,
        title: label,
        // A click of the mouse leaves the focus where it is, so that the tools go with the pointer.
        onpointerdown: (event) => event.pointerType === "mouse" && event.preventDefault(),
        onclick: () => run(image),
        ...attributes,
      },
      icon(name),
    );
  return element(
    "div",
    { class: "tools" },
    ...(onCopy ? [button("copy", "Copy", onCopy)] : []),
    button("star", "Star", onStar, { class: "star-button", "aria-pressed": String(isStarred(image)) }),
    ...(onOpen ? [button("open", "Open", onOpen)] : []),
  );
}

// The server may be busy with other thumbnails, so the page tries again after longer and longer pauses.
const RETRIES = 4;

async function retry(tile, picture, image, onGone) {
  for (let attempt = 0; attempt < RETRIES && picture.isConnected; attempt += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt * (0.5 + Math.random())));
    try {
      await api.fetchThumbnail(image);
      picture.src = `${api.thumbnailOf(image)}#again`; // from the browser's cache
      return;
    } catch (error) {
      if (error.code === "image_not_found") onGone(image);
      if (error.status && error.status !== 503) break;
    }
  }
  tile.classList.add("broken");
}

// With reduced motion, an animation shows its first frame until it is pointed at or has the focus.
function holdStill(tile, picture) {
  picture.addEventListener(
    "load",
    () => {
      const frame = element("canvas", {
        class: "still",
        "aria-hidden": "true",
        width: picture.naturalWidth,
        height: picture.naturalHeight,
      });
      frame.getContext("2d").drawImage(picture, 0, 0);
      tile.append(frame);
    },
    { once: true },
  );
}
