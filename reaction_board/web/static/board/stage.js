// The stage of the viewer: one picture, as large as it fits, and larger by a click.

import * as api from "./api.js";
import { find } from "./dom.js";

const ENLARGED = 512; // pixels: small pictures are enlarged until their longer side is so long
const PIXEL_ART = 64; // pixels: up to this longer side, pixels are shown as squares
const SWIPE = 60; // pixels that a finger moves to the side

export class Stage {
  #image = null;

  // `onClose()` is called for a click beside the picture, `onStep(by)` for a swipe to the previous (-1) or next (1) one,
  // `onLoad(image)` when the picture is there, and `onBroken(image)` when it cannot be shown.
  constructor(root, { onClose, onStep, onLoad, onBroken }) {
    Object.assign(this, { root, onClose, onStep });
    this.picture = find("img", root);
    this.scroller = find(".scroller", root);
    this.scroller.addEventListener("click", (event) => {
      if (event.target === this.picture) this.#zoom(event);
      else onClose();
    });
    // The thumbnail that held the place must not show through a transparent picture.
    this.picture.addEventListener("load", () => {
      this.picture.style.backgroundImage = "";
      this.picture.classList.add("loaded");
      if (this.#image) onLoad(this.#image);
    });
    this.picture.addEventListener("error", () => this.#image && onBroken(this.#image));
    this.#listenToSwipes();
    new ResizeObserver(() => this.#fit()).observe(root);
  }

  show(image, alt) {
    this.#image = image;
    this.picture.removeAttribute("src"); // or the previous picture would be visible until this one is loaded
    this.picture.classList.remove("loaded");
    this.picture.classList.toggle("pixels", Math.max(image.width, image.height) < PIXEL_ART);
    this.picture.alt = alt;
    this.root.classList.remove("zoomed");
    this.#fit();
    this.picture.style.backgroundImage = `url("${api.thumbnailOf(image)}")`;
    this.picture.src = api.fileOf(image);
  }

  hide() {
    this.#image = null;
    this.picture.removeAttribute("src");
    this.picture.style.backgroundImage = "";
  }

  #fit() {
    if (!this.#image || this.root.classList.contains("zoomed")) return;
    const { width, height } = this.#image;
    const fitting = Math.min(this.root.clientWidth / width, this.root.clientHeight / height);
    this.#resize(Math.min(fitting, Math.max(1, ENLARGED / Math.max(width, height))));
  }

  #resize(scale) {
    this.picture.width = Math.max(1, Math.round(this.#image.width * scale));
    this.picture.height = Math.max(1, Math.round(this.#image.height * scale));
  }

  // To the size of the pixels, or twice the size if the picture has that already; the point below the pointer stays.
  #zoom({ offsetX, offsetY, clientX, clientY }) {
    const { width } = this.picture;
    if (!this.root.classList.toggle("zoomed")) {
      this.#fit();
      return;
    }
    const scale = this.#image.width > 1.2 * width ? 1 : (2 * width) / this.#image.width;
    this.#resize(scale);
    const growth = this.picture.width / width;
    const { left, top } = this.root.getBoundingClientRect();
    this.scroller.scrollTo(offsetX * growth - (clientX - left), offsetY * growth - (clientY - top));
  }

  #listenToSwipes() {
    let start = null;
    this.scroller.addEventListener(
      "touchstart",
      ({ touches }) => {
        const isSwipe = touches.length === 1 && !this.root.classList.contains("zoomed") && !isPinched();
        start = isSwipe ? { x: touches[0].clientX, y: touches[0].clientY } : null;
      },
      { passive: true },
    );
    this.scroller.addEventListener("touchend", ({ changedTouches: [touch] }) => {
      if (!start) return;
      const x = touch.clientX - start.x;
      const y = touch.clientY - start.y;
      start = null;
      if (Math.abs(x) > SWIPE && Math.abs(x) > 2 * Math.abs(y)) this.onStep(x > 0 ? -1 : 1);
    });
  }
}

const isPinched = () => (window.visualViewport?.scale ?? 1) > 1.05;
