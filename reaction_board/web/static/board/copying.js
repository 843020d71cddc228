// The formats in which an image can be copied. A click copies in the format that the user chose last.

import * as api from "./api.js";
import { copyPicture, copyText } from "./clipboard.js";
import { element, find, note, usable } from "./dom.js";
import { MenuButton } from "./menubutton.js";
import * as storage from "./storage.js";
import { describe, isAnimated } from "./tiles.js";

const TOAST_SECONDS = 3;

// What Markdown could take for markup within a line.
const escapeMarkdown = (text) => text.replace(/[\\`*_[\]<>&~$|]/g, "\\$&");
const markdownOf = (image) => `![${escapeMarkdown(describe(image))}](${api.directLinkOf(image)})`;

function htmlOf(image) {
  const { width, height } = image;
  return element("img", { src: api.directLinkOf(image), alt: describe(image), width, height }).outerHTML;
}

const FORMATS = [
  { id: "direct", name: "direct link", textOf: api.directLinkOf },
  { id: "page", name: "link to its page", textOf: api.linkOf },
  { id: "image", name: "image" },
  { id: "markdown", name: "Markdown", textOf: markdownOf },
  { id: "html", name: "HTML", textOf: htmlOf },
];

// Clipboards hold no animations, so an animated image is copied as a still frame.
const nameOf = (format, image) => (format.id === "image" && image && isAnimated(image) ? "still frame" : format.name);

const chosen = () => FORMATS.find(({ id }) => id === storage.read("copy", "direct")) ?? FORMATS[0];

export class Copying {
  #menus = []; // each {button, imageOf}: the buttons that name the choice

  // `onCopy(image)` is called with each image that was copied.
  constructor({ onCopy }) {
    this.onCopy = onCopy;
    storage.listen("copy", () => this.#label());
  }

  // Let a button copy the image that `imageOf()` returns, and the button `more` choose what it copies. Without an image,
  // `more` only chooses.
  offer(button, more, imageOf) {
    new MenuButton(more, () =>
      FORMATS.map((format) => ({
        label: upperFirst(nameOf(format, imageOf?.())),
        checked: format === chosen(),
        run: () => {
          storage.write("copy", format.id);
          this.#label();
          if (imageOf) this.copy(imageOf());
        },
      })),
    );
    button?.addEventListener("click", () => this.copy(imageOf()));
    this.#menus.push({ button: button ?? find("span", more), imageOf, verb: button ? "Copy " : "" });
    this.#label();
  }

  // Update the labels of the buttons. Call this when another image is shown.
  update() {
    this.#label();
  }

  #label() {
    for (const { button, imageOf, verb } of this.#menus) {
      const name = nameOf(chosen(), imageOf?.());
      button.textContent = verb ? verb + name : upperFirst(name);
    }
  }

  // Copy an image as the user did last, and say what was copied. It may be the promise of an image, or of null if there is
  // none to copy: call this when the key is pressed, and not when the image is there.
  async copy(image) {
    const format = chosen();
    const contentOf = format.textOf ?? api.fileOf;
    const content = image instanceof Promise ? image.then(contentOf) : contentOf(image);
    const isCopied = await (format.textOf ? copyText(content, usable()) : copyPicture(content));
    const there = await image;
    if (!there) return;
    const name = nameOf(format, there);
    if (isCopied) this.#say(there, `Copied the ${name}.`);
    else if (format.textOf) offerText(await content);
    else await this.#copyLink(there, `The ${name} cannot be copied here. Copied its direct link instead.`);
  }

  async #copyLink(image, saying) {
    const link = api.directLinkOf(image);
    if (await copyText(link, usable())) this.#say(image, saying);
    else offerText(link);
  }

  #say(image, saying) {
    note(saying, null, { topic: "copy", seconds: TOAST_SECONDS });
    this.onCopy(image);
  }
}

// Show a text to be copied by hand.
function offerText(text) {
  const box = element("input", { class: "uncopied", readonly: true, "aria-label": "To be copied", value: text });
  note("This browser does not let the page copy. Copy this:", null, { topic: "copy", content: box });
  box.select();
}

const upperFirst = (text) => text[0].toUpperCase() + text.slice(1);
