// Fetches a picture from another site. The page's Content-Security-Policy does not apply to a worker, so this is the only
// code of the board that can reach other sites. It has no access to the page or to the access token.

self.addEventListener("message", async ({ data: { address, maxBytes } }) => {
  try {
    const response = await fetch(address, { credentials: "omit", referrerPolicy: "no-referrer" });
    if (!response.ok) throw new Error(`The site answered with ${response.status}.`);
    self.postMessage({ blob: await readBlob(response, maxBytes) });
  } catch (error) {
    // The browser does not say whether the site forbids it (CORS) or cannot be reached.
    self.postMessage({ reason: error instanceof TypeError ? null : error.message });
  }
});

// Read at most one byte beyond the limit. The page then reports that the picture is too large.
async function readBlob(response, maxBytes) {
  const chunks = [];
  let size = 0;
  for (const reader = response.body.getReader(); size <= maxBytes; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  return new Blob(chunks, { type: response.headers.get("Content-Type") ?? "" });
}
