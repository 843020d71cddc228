// Addresses of pictures that people paste or drop: the browser fetches them, if their site allows that (CORS).

import * as api from "./api.js";
import { isPicture } from "./files.js";

const SECONDS = 60;
const FORBIDDEN =
  "Its site does not let other pages fetch it, or does not answer. Save the picture, then choose the file.";

// The name of the file at an address.
export function nameOf(address) {
  const last = new URL(address).pathname.split("/").at(-1);
  try {
    return decodeURIComponent(last) || new URL(address).host;
  } catch {
    return last; // not UTF-8
  }
}

// Fetch the picture at an address; resolves with a File. Rejects with an Error whose message is for people.
export async function fetchPicture(address, maxBytes) {
  const worker = new Worker(`${api.ROOT}static/board/fetch-worker.js`);
  try {
    const { blob, reason } = await new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = () => resolve({ reason: null });
      setTimeout(() => resolve({ reason: `Its site did not answer within ${SECONDS} seconds.` }), SECONDS * 1000);
      worker.postMessage({ address, maxBytes });
    });
    if (!blob) throw new Error(reason ?? FORBIDDEN);
    if (!(await isPicture(blob))) throw new Error("There is no picture at this address.");
    return new File([blob], nameOf(address), { type: blob.type });
  } finally {
    worker.terminate();
  }
}
