// Pictures that come into the page by a drop or a paste anywhere on it.

import { find } from "./dom.js";
import { contentsOf } from "./files.js";

// Call `receive({files, folders, address})` for each drop and paste of files, or of the address of a picture.
export function listen(receive) {
  listenToPastes(receive);
  listenToDrops(receive);
}

function listenToPastes(receive) {
  document.addEventListener("paste", (event) => {
    const isField = event.target.matches?.("input, textarea");
    const isTagField = event.target.matches?.("[role=combobox]"); // an address is no tag
    const contents = contentsOf(event.clipboardData);
    const takesText = contents.files.length ? event.clipboardData.types.includes("text/plain") : !isTagField;
    if ((isField && takesText) || isEmpty(contents)) return;
    event.preventDefault();
    receive(contents);
  });
}

function listenToDrops(receive) {
  const overlay = find("#drop");
  let isOwn = false; // a picture of this page is being dragged
  let depth = 0; // of nested elements that the pointer is over
  const end = () => {
    depth = 0;
    overlay.hidden = true;
  };
  const isPossible = ({ dataTransfer: { types }, target }) =>
    !isOwn && (types.includes("Files") || (types.includes("text/uri-list") && !target.matches?.("input")));
  addEventListener("dragstart", () => {
    isOwn = true;
  });
  addEventListener("dragend", () => {
    isOwn = false;
    end();
  });
  addEventListener("dragenter", (event) => {
    if (!isPossible(event)) return;
    depth += 1;
    overlay.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (isPossible(event) && --depth <= 0) end();
  });
  addEventListener("dragover", (event) => isPossible(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!isPossible(event)) return;
    event.preventDefault();
    end();
    const contents = contentsOf(event.dataTransfer);
    if (!isEmpty(contents)) receive(contents);
  });
}

const isEmpty = ({ files, folders, address }) => !files.length && !folders.length && !address;
