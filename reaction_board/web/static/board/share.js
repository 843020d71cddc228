// The button on an image's own page: it shares with the system's dialog where there is one, else it copies the link.

import { copyLink } from "./clipboard.js";
import * as sharing from "./sharing.js";

const button = document.querySelector("#share");
const message = document.querySelector("#message");
const { id, filename, mimeType } = button.dataset;

button.hidden = false;
button.addEventListener("click", async () => {
  if (sharing.isOffered() && (await sharing.share({ id, filename, mime_type: mimeType }))) return;
  await copyLink(document.querySelector("link[rel=canonical]").href, message);
});
