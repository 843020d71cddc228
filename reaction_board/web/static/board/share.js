// The button of an image's own page: the sharing of the system where there is one, else the clipboard.

import { copyLink } from "./clipboard.js";

const button = document.querySelector("#share");
const message = document.querySelector("#message");
const link = { title: document.title, url: document.querySelector("link[rel=canonical]").href };

button.hidden = false;
button.addEventListener("click", async () => {
  if (navigator.share && matchMedia("(pointer: coarse)").matches) {
    try {
      await navigator.share(link);
      return;
    } catch (error) {
      if (error.name === "AbortError") return; // the user has closed the dialog of the system
    }
  }
  await copyLink(link.url, message);
});
