// What the page says about the outcome of a search: the number in the box, the title, and what to do if there is nothing.

import { element, find, imageCount } from "./dom.js";
import { conditions } from "./query.js";

const NAME = "Reaction Image Board";

export class Outcome {
  isBoardEmpty = false; // as far as the last search says

  // `onQuery(query)` is called with another search to try. Where images can be uploaded, `onUpload()` is called to begin
  // with the first one, and `onUploadLike(like)` to upload the picture that was searched for.
  constructor({ onQuery, onUpload, onUploadLike }) {
    Object.assign(this, { onQuery, onUpload, onUploadLike });
    this.root = find("#outcome");
  }

  show({ total }, query) {
    find("#status").textContent = imageCount(total);
    const all = conditions(query);
    this.isBoardEmpty = !total && !all.length;
    document.body.classList.toggle("without-images", this.isBoardEmpty); // hides what is of no use then
    document.title = all.length ? `${all.map(({ text }) => text).join(", ")} – ${NAME}` : NAME;
    if (query.like) this.root.replaceChildren(...this.#offerUpload(query.like, total));
    else if (total) this.root.replaceChildren();
    else if (all.length) this.root.replaceChildren(...this.#offerOthers(all));
    else this.root.replaceChildren(...this.#welcome());
  }

  // Say why no pictures are there for the typed text, or nothing.
  showProblem(text = "") {
    find("#problem").textContent = text;
  }

  fail(error) {
    find("#status").textContent = "";
    this.root.replaceChildren(element("p", {}, error.message));
  }

  // Buttons that remove one condition each, for a search that finds nothing.
  #offerOthers(all) {
    const textsOf = (conditions) => conditions.map(({ text }) => text);
    const any = textsOf(all.filter(({ kind }) => kind === "any")).join(" or ");
    const searched = [any, ...textsOf(all.filter(({ kind }) => kind !== "any"))].filter(Boolean).join(", ");
    const without = ({ text, without: other }) =>
      element("button", { type: "button", onclick: () => this.onQuery(other) }, `Without “${text}”`);
    return [
      element("p", {}, `No image matches ${searched}.`),
      element("p", { class: "actions wrap centred" }, ...all.map(without)),
    ];
  }

  // The user may have pasted the picture to upload it.
  #offerUpload(like, total) {
    const upload = () => this.onUploadLike(like);
    return [
      ...(total ? [] : [element("p", {}, `No image looks like ${like.name}.`)]),
      ...(this.onUploadLike ? [element("button", { type: "button", onclick: upload }, "Upload this picture")] : []),
    ];
  }

  #welcome() {
    if (!this.onUpload) return [element("p", {}, "This board has no pictures yet.")];
    return [
      element("h2", {}, "Nothing here yet"),
      element("p", {}, "Upload the first picture, drop it on this page, or paste it."),
      element("button", { type: "button", class: "primary large", onclick: () => this.onUpload() }, "Upload pictures"),
    ];
  }
}
