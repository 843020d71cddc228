// Pictures that come into the page by a drop or a paste anywhere on it.

import { find } from "./dom.js";
import { contentsOf } from "./files.js";

const SEARCH = "Drop the image to find images like it";

// Call `receive({files, folders, address})` for each drop and paste of files, or of the address of a picture, and
// `search(file)` instead for one file that comes to the search box.
export function listen({ receive, search }) {
  const take = (contents, target) => {
    const [file, ...others] = contents.files;
    if (file && !others.length && !contents.folders.length && isSearchBox(target)) search(file);
    else receive(contents);
  };
  listenToPastes(take);
  listenToDrops(take);
}

function listenToPastes(take) {
  document.addEventListener("paste", (event) => {
    const isField = event.target.matches?.("input, textarea");
    const isTagField = event.target.matches?.("[role=combobox]"); // an address is no tag
    const contents = contentsOf(event.clipboardData);
    const takesText = contents.files.length ? event.clipboardData.types.includes("text/plain") : !isTagField;
    if ((isField && takesText) || isEmpty(contents)) return;
    event.preventDefault();
    take(contents, event.target);
  });
}

function listenToDrops(take) {
  const overlay = find("#drop");
  const upload = find("p", overlay).textContent;
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
    event.preventDefault(); // or a drop is refused if what is under the pointer has just changed
    depth += 1;
    overlay.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (isPossible(event) && --depth <= 0) end();
  });
  addEventListener("dragover", (event) => {
    if (!isPossible(event)) return;
    event.preventDefault();
    const searches = isSearchBox(event.target);
    overlay.classList.toggle("searching", searches);
    find("p", overlay).textContent = searches ? SEARCH : upload;
  });
  addEventListener("drop", (event) => {
    if (!isPossible(event)) return;
    event.preventDefault();
    end();
    const contents = contentsOf(event.dataTransfer);
    if (!isEmpty(contents)) take(contents, event.target);
  });
}

const isSearchBox = (target) => Boolean(target.closest?.("#search"));
const isEmpty = ({ files, folders, address }) => !files.length && !folders.length && !address;
