// The page of tags: the number of images of each tag, and a dialog to rename tags, merge them and edit aliases.

import * as api from "./api.js";
import { element, find, note } from "./dom.js";
import { offerMenu } from "./menu.js";
import { TagEditor } from "./tag-editor.js";
import { withToken } from "./token.js";

const PAUSE = 120; // milliseconds without a key before the API is asked

const text = find("#text");
const order = find("#order");
const list = find("#tags");
const more = find("#more");
const status = find("#status");
const editor = new TagEditor({ onChange: () => load() });

let request = null; // aborts the request that is under way
let timer = 0;

const images = (count) => (count === 1 ? "1 image" : `${count.toLocaleString()} images`);

// Show the first page of tags, or append the page at an offset.
async function load(offset = 0) {
  clearTimeout(timer);
  request?.abort();
  request = new AbortController();
  const { signal } = request;
  const query = { text: text.value.trim().toLowerCase(), order: order.value, offset };
  try {
    const page = await withToken(() => api.tagPage(query, signal));
    if (!signal.aborted) show(page, query);
  } catch (error) {
    if (signal.aborted) return;
    status.textContent = error.message;
    note(error.message, { label: "Try again", run: () => load(offset) });
  }
}

function show({ items, total }, { text: typed, offset }) {
  if (!offset) list.replaceChildren();
  for (const tag of items) if (!list.querySelector(`[data-name="${tag.name}"]`)) list.append(makeRow(tag));
  order.disabled = Boolean(typed); // the best matches come first
  more.hidden = offset + items.length >= total;
  more.onclick = () => load(offset + items.length);
  // A tag may match by its name and by its aliases.
  const [one, many] = typed ? ["match", "matches"] : ["tag", "tags"];
  const count = total === 1 ? `1 ${one}` : `${total.toLocaleString()} ${many}`;
  if (total) status.textContent = count;
  else status.textContent = typed ? `No tag contains “${typed}”.` : "There are no tags yet.";
}

function makeRow({ name, image_count: count, alias, merging }) {
  const edit = () => editor.open(name);
  const notes = [];
  if (alias) notes.push(`also called ${alias}`);
  if (merging) notes.push(`merge of ${merging.join(", ")} not finished`);
  return element(
    "li",
    { "data-name": name },
    element(
      "span",
      { class: "about" },
      element("a", { href: `${api.ROOT}?tags=${name}` }, name),
      ...notes.map((each) => element("span", { class: "facts" }, ` ${each}`)),
    ),
    element("span", { class: "count" }, images(count)),
    element("button", { type: "button", "aria-label": `Edit ${name}`, onclick: edit }, "Edit"),
  );
}

text.addEventListener("input", () => {
  request?.abort(); // its answer would be about another text
  clearTimeout(timer);
  timer = setTimeout(() => load(), PAUSE);
});
order.addEventListener("change", () => load());
find("#find").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});

offerMenu(find("#menu"), () => [{ label: "Images", href: api.ROOT }]);
load();
