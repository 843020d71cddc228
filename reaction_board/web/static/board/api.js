// The board's API: every function here is one operation. On failure, it throws a BoardError with the API's own message.
// It sends the access token that this browser stores; token.js asks for one.

import * as storage from "./storage.js";

// The path of the board, such as / or /board/, from the address of this file: {ROOT}static/board/api.js.
export const ROOT = new URL("../../", import.meta.url).pathname;
const BASE = `${ROOT}api/v1`;
const HEALTH_SECONDS = 10;

export const AT_ONCE = 100; // images that the API changes or deletes with one request

export class BoardError extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

const UNREACHABLE = new BoardError(0, "unreachable", "The board cannot be reached. Are you offline?");

// The path of the file, with the extension of its type, by which other programs recognize pictures.
export const fileOf = (image) => `${ROOT}i/${image.id}.${image.mime_type.split("/")[1].replace("jpeg", "jpg")}`;
export const thumbnailOf = (image) => `${BASE}/images/${image.id}/thumbnail`;
export const linkOf = (image) => new URL(`${ROOT}i/${image.id}`, location.href).href;
export const directLinkOf = (image) => new URL(fileOf(image), location.href).href;

// The access token, or null. Text that a header cannot carry does not count.
export const storedToken = () => /^[!-~]+$/.exec(storage.read("token", ""))?.[0] ?? null;

// Store an access token, or forget it (null).
export const storeToken = (token) => storage.write("token", token);

const authorization = () => (storedToken() ? { Authorization: `Bearer ${storedToken()}` } : {});

// The error of a response: the one in its envelope or, without an envelope, an unknown one.
function errorOf(status, text) {
  try {
    const { code, detail } = JSON.parse(text);
    return new BoardError(status, code, detail);
  } catch {
    return new BoardError(status, "unknown", `The server answered with ${status}.`);
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    const headers = { ...options.headers, ...authorization() };
    response = await fetch(path.startsWith("/") ? path : `${BASE}/${path}`, { ...options, headers });
  } catch (error) {
    throw error.name === "AbortError" ? error : UNREACHABLE;
  }
  if (response.ok) return response;
  throw errorOf(response.status, await response.text());
}

const write = (path, method, body, { headers, ...options } = {}) =>
  ask(path, {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
    ...options,
  });

// A page of images; `next` is the address of the page after it, or null.
export async function page(address, signal) {
  const response = await ask(address, { signal });
  const nextLink = /<([^>]+)>; rel="next"/.exec(response.headers.get("Link") ?? "");
  return { ...(await response.json()), next: nextLink?.[1] ?? null };
}

export const searchAddress = (query) =>
  `${BASE}/images?${new URLSearchParams({ ...query, include: "frames", limit: 60 })}`;

export async function image(id) {
  const response = await ask(`images/${id}?include=frames`);
  return { ...(await response.json()), etag: response.headers.get("ETag") };
}

// Images that look like one, each with its `distance` (0 to 9), the nearest first.
export async function similarTo(image, limit, signal) {
  const response = await ask(`images/${image.id}/similar?${new URLSearchParams({ include: "frames", limit })}`, {
    signal,
  });
  return (await response.json()).items;
}

// Images that look like the picture in a file, which the board does not store.
export async function similarToFile(file, limit, signal) {
  const form = new FormData();
  form.append("file", file, file.name);
  const query = new URLSearchParams({ include: "frames", limit });
  const response = await ask(`images/similar?${query}`, { method: "POST", body: form, signal });
  return (await response.json()).items;
}

// Fetch a thumbnail into the browser's cache.
export const fetchThumbnail = (image) => ask(`images/${image.id}/thumbnail`);

async function tags(query, signal) {
  const response = await ask(`tags?${new URLSearchParams(query)}`, { signal });
  return (await response.json()).items;
}

// The tags on most images.
export const popularTags = (limit, signal) => tags({ order: "count", limit }, signal);

// Completions of a text, the best first. If an alias of the tag matches, `alias` is its name.
export const matchingTags = (text, limit, signal) => tags({ match: text, limit }, signal);

// The tags that occur together with all of these, the most frequent first.
export const tagsTogether = (names, limit, signal) => tags({ with: names.join(","), limit }, signal);

// A page of tags: those that contain a text, or all in an order (name or count).
export async function tagPage({ text, order, offset }, signal) {
  const query = { ...(text ? { match: text } : { order }), offset };
  return (await ask(`tags?${new URLSearchParams(query)}`, { signal })).json();
}

// A tag with its aliases, by its name or by one of them.
export const tag = async (name) => (await ask(`tags/${encodeURIComponent(name)}`)).json();

export const setAliases = async (name, aliases) => (await write(`tags/${name}/aliases`, "PUT", { aliases })).json();

// Do a step of a merge; resolves with {moved, remaining, tag}.
export const mergeTag = async (name, into) => (await write(`tags/${name}/merge`, "POST", { into })).json();

// Replace the tags of an image, unless they have changed since it was read.
export async function replaceTags(id, names, etag) {
  const response = await write(
    `images/${id}/tags`,
    "PATCH",
    { tags: names },
    { headers: etag ? { "If-Match": etag } : {} },
  );
  return { ...(await response.json()), etag: response.headers.get("ETag") };
}

// The bytes of an image.
export const bytesOf = async (image) => (await ask(fileOf(image))).blob();

// Add tags to some images and remove others from them; resolves with the images.
export async function changeTags(ids, { add = [], remove = [] }) {
  const response = await write("images/tags", "POST", { ids, add, remove });
  return (await response.json()).items;
}

// Delete some images. Those that the board does not have count as deleted. With `keepalive`, the request outlasts the page.
export const remove = (ids, { keepalive = false } = {}) => write("images/delete", "POST", { ids }, { keepalive });

// Whether the board answers at all.
export const isAlive = () =>
  ask("health", { cache: "no-store", signal: AbortSignal.timeout(HEALTH_SECONDS * 1000) }).then(
    () => true,
    () => false,
  );

// Upload a file, and call `progress` with the share that is sent (0 to 1). fetch() cannot report that.
export const upload = (file, names, progress) =>
  new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("tags", names.join(","));
    form.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", `${BASE}/images`);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("error", () => reject(UNREACHABLE));
    request.addEventListener("load", () => {
      try {
        if (request.status < 300) resolve(JSON.parse(request.responseText));
      } finally {
        reject(errorOf(request.status, request.responseText)); // has no effect after resolve()
      }
    });
    request.send(form);
  });
