// The choices for a file in the upload dialog that the board already has, or that looks like an image of the board.

import * as api from "./api.js";
import { bytes, element } from "./dom.js";
import { scaled } from "./preview.js";
import { likeness } from "./similar.js";
import { describe } from "./tiles.js";
import { withToken } from "./token.js";

const ADD = "Add the tags"; // the names of answers
const SKIP = "Do not upload";
const UPLOAD = "Upload anyway";
const SIDE = 480; // pixels: twice the size on the page, for sharp screens

// The board has the same file. Offer to show it, and to add the tags that it lacks. Returns the answers that can be given,
// for `Answers`; `onEnd()` is called when one has been given.
export function offerKnown(row, image, names, { onOpen, onChange, onEnd }) {
  const link = (text, run) => element("button", { type: "button", class: "link", onclick: run }, text);
  const show = link("already here", () => onOpen(image));
  const missing = names.filter((name) => !image.tags.includes(name));
  const say = (...what) => row.end("known", show, ...(what.length ? [" · ", ...what] : []));
  const add = async () => {
    say("adding tags…");
    try {
      await addTags(image, missing, onChange);
      say("tags added");
      onEnd();
    } catch (error) {
      say(error.message, " · ", offer);
    }
  };
  const offer = link(`Add ${missing.join(", ")} to it`, add);
  say(...(missing.length ? [offer] : []));
  return missing.length ? { [ADD]: add } : {};
}

// The board has an image that looks like the file. Show both, and let the user decide: `onUpload()` is called to upload the
// file anyway, `onEnd()` when it is not needed. Returns the answers that can be given, for `Answers`.
export function askAboutLookalike(row, { file, image, names }, { onOpen, onChange, onUpload, onEnd }) {
  const message = element("span", { role: "status" });
  const button = (text, run) => element("button", { type: "button", onclick: run }, text);
  const end = (text) => {
    const show = element("button", { type: "button", class: "link", onclick: () => onOpen(image) }, "one you have");
    row.end("declined", text, show);
    onEnd();
  };
  const add = async () => {
    for (const each of buttons) each.disabled = true;
    try {
      await addTags(image, names, onChange);
      end("Not uploaded. Tags added to ");
    } catch (error) {
      message.textContent = error.message;
      for (const each of buttons) each.disabled = false;
    }
  };
  const skip = () => end("Not uploaded. It looks like ");
  const buttons = [names.length ? button("Add these tags to it", add) : button(SKIP, skip), button(UPLOAD, onUpload)];
  const pair = element("div", { class: "pair" }, ownSide(file), boardSide(image, onOpen));
  row.ask(
    element("p", { class: "question" }, element("b", {}, "Looks like one you have"), ` · ${likeness(image.distance)}`),
    pair,
    element("div", { class: "actions wrap" }, ...buttons, message),
  );
  return { ...(names.length ? { [ADD]: add } : { [SKIP]: skip }), [UPLOAD]: onUpload };
}

function ownSide(file) {
  const place = element("span", { class: "side" });
  const size = element("span", {}, bytes(file.size));
  scaled(file, SIDE).then(
    ({ canvas, width, height }) => {
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", file.name);
      place.append(canvas);
      size.prepend(`${width} × ${height} · `);
    },
    () => {}, // the browser cannot decode it; the board could
  );
  return element("figure", {}, place, element("figcaption", {}, element("b", {}, "This file"), size));
}

function boardSide(image, onOpen) {
  const picture = element("img", { src: api.thumbnailOf(image), alt: describe(image) });
  const link = element("a", { class: "side", href: api.linkOf(image) }, picture);
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    onOpen(image);
  });
  const facts = `${image.width} × ${image.height} · ${bytes(image.size_bytes)}`;
  const tags = image.tags.length ? [element("span", {}, image.tags.join(", "))] : [];
  const caption = element("figcaption", {}, element("b", {}, "On the board"), element("span", {}, facts), ...tags);
  return element("figure", {}, link, caption);
}

async function addTags(image, names, onChange) {
  const [changed] = await withToken(() => api.changeTags([image.id], { add: names }));
  onChange(changed);
}
