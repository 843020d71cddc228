// Sharing by the system: the file itself where the browser can hand it over, else the link.

import * as api from "./api.js";
import { fileNameOf } from "./dragging.js";

// Whether the sharing of the system is what people expect here: on phones and tablets.
export const isOffered = () => Boolean(navigator.share) && matchMedia("(pointer: coarse)").matches;

// Returns whether the image was shared, or the user has closed the dialog of the system.
export async function share(image) {
  const link = { title: image.filename, url: api.linkOf(image) };
  try {
    await navigator.share((await fileOf(image)) ?? link);
    return true;
  } catch (error) {
    if (error.name === "AbortError") return true;
    return false;
  }
}

// Null if the browser cannot share such a file, or if the bytes cannot be fetched.
async function fileOf(image) {
  try {
    const file = new File([await api.bytesOf(image)], fileNameOf(image), { type: image.mime_type });
    return navigator.canShare({ files: [file] }) ? { files: [file] } : null;
  } catch {
    return null;
  }
}
