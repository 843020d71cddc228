// The share target of the installed page, as a service worker: takes the pictures that another app shares, and opens the
// board, where `shared.js` finds them. Its scope is the path `share` alone, so no other request passes through it. The
// pictures stay on the device until somebody uploads them.

const ROOT = new URL("./", self.location).pathname; // it is served below the board's own path
const CACHE = `reaction-board-shared${ROOT}`; // several boards may share a host

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("fetch", (event) => {
  if (event.request.method === "POST") event.respondWith(receive(event.request));
});

async function receive(request) {
  const form = await request.formData();
  await caches.delete(CACHE); // files that were shared earlier and never used
  const cache = await caches.open(CACHE);
  const files = form.getAll("files").filter((file) => file.size); // a form without files has an empty one
  for (const [number, file] of files.entries()) {
    const headers = { "Content-Type": file.type, "X-Filename": encodeURIComponent(file.name) };
    await cache.put(`${ROOT}share/${number}`, new Response(file, { headers }));
  }
  const texts = ["url", "text", "title"].map((name) => form.get(name) ?? "").join(" ");
  await cache.put(`${ROOT}share/text`, new Response(texts));
  return Response.redirect(`${ROOT}?shared`, 303);
}
