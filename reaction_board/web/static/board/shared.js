// What other apps have shared with the installed page: see share-target.js.

import * as api from "./api.js";

const CACHE = `reaction-board-shared${api.ROOT}`;

// Register the share target, only for the installed page. No other page needs a service worker.
export function offerSharing() {
  if (!navigator.serviceWorker) return; // no secure context
  const register = () => {
    const scope = `${api.ROOT}share`;
    navigator.serviceWorker.register(`${api.ROOT}share-target.js`, { scope }).catch(() => {}); // site data are blocked
  };
  if (matchMedia("(display-mode: standalone)").matches) register();
  addEventListener("appinstalled", register);
}

// If the page was opened by sharing, take what was shared: {files, address}, else null.
export async function takeShared() {
  if (!new URLSearchParams(location.search).has("shared")) return null;
  history.replaceState(history.state, "", api.ROOT);
  const cache = await caches.open(CACHE);
  const files = [];
  for (let number = 0; ; number += 1) {
    const response = await cache.match(`${api.ROOT}share/${number}`);
    if (!response) break;
    const blob = await response.blob();
    files.push(new File([blob], decodeURIComponent(response.headers.get("X-Filename")), { type: blob.type }));
  }
  const text = (await (await cache.match(`${api.ROOT}share/text`))?.text()) ?? "";
  await caches.delete(CACHE);
  const address = files.length ? null : (/https?:\/\/\S+/i.exec(text)?.[0] ?? null);
  return { files, address };
}
