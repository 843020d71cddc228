// A search, and the address of the page that stands for it:
//
//     ?tags=cat,funny               images with both tags
//     ?any=cat,dog&none=people      with one of two tags, and without a third one
//     ?type=gif&animated=true       animated GIFs; with animated=false, images that do not move
//     ?untagged                     images without tags
//     ?tags=cat&order=random&seed=7 in a random order
//
// A search may be for images `like` a picture instead: see picture-search.js. It has no address.

import { ROOT } from "./api.js";

export const TYPES = ["jpeg", "png", "gif", "webp"];
const NAMES = ["tags", "any", "none"];
const OTHERS = ["type", "animated", "order", "seed"];

export const EMPTY = { tags: [], any: [], none: [] };

// Read a search from the query of an address. Unknown parameters are left out.
export function parse(text) {
  const parameters = new URLSearchParams(text);
  const query = {};
  for (const name of NAMES) query[name] = (parameters.get(name) ?? "").split(",").filter(Boolean);
  for (const name of OTHERS) if (parameters.get(name)) query[name] = parameters.get(name);
  if (parameters.has("untagged") && parameters.get("untagged") !== "false") query.untagged = true;
  return query;
}

// The query of the address, with its question mark, or "".
export function text(query) {
  const parts = [];
  for (const name of NAMES)
    if (query[name].length) parts.push(`${name}=${query[name].map(encodeURIComponent).join(",")}`);
  for (const name of OTHERS) if (query[name]) parts.push(`${name}=${encodeURIComponent(query[name])}`);
  if (query.untagged) parts.push("untagged");
  return parts.length ? `?${parts.join("&")}` : "";
}

export const addressOf = (query) => ROOT + text(query);

// The parameters of the API.
export function parameters({ type, untagged, like: _, ...query }) {
  const all = { ...query, mime_type: type && `image/${type === "jpg" ? "jpeg" : type}`, untagged };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value?.length ?? value));
}

// Whether a search is for any of several tags, not all of them.
export const asksForAny = (query) => query.any.length > 0 && !query.tags.length;

// Whether a search narrows the board at all: a random order does not.
export const isNarrow = (query) => conditions(query).length > 0;

// The conditions of a search, each {text, kind, without}: `kind` is tag, any, none, filter or like, and `without` the search
// that lacks it.
export function conditions(query) {
  const withoutName = (name, tag) => ({ ...query, [name]: query[name].filter((other) => other !== tag) });
  const tags = NAMES.flatMap((name) =>
    query[name].map((tag) => ({
      text: name === "none" ? `not ${tag}` : tag,
      kind: name === "tags" ? "tag" : name,
      without: withoutName(name, tag),
    })),
  );
  const filters = [
    ["untagged", "untagged"],
    ["animated", query.animated === "false" ? "still" : "animated"],
    ["type", query.type?.toUpperCase()],
  ];
  const { like } = query;
  return [
    ...(like ? [{ text: `Like ${like.name}`, kind: "like", without: { ...query, like: undefined } }] : []),
    ...tags,
    ...filters
      .filter(([name]) => query[name])
      .map(([name, label]) => ({ text: label, kind: "filter", without: { ...query, [name]: undefined } })),
  ];
}

// The search with one more tag, and for no picture: with images that have it, or if `excluded` with those that do not have it.
export function withTag(query, tag, { excluded = false, any = asksForAny(query) } = {}) {
  const list = excluded ? "none" : any ? "any" : "tags";
  const others = Object.fromEntries(NAMES.map((name) => [name, query[name].filter((other) => other !== tag)]));
  return {
    ...query,
    like: undefined,
    ...others,
    [list]: query[list].includes(tag) ? query[list] : [...others[list], tag],
  };
}

// The search that asks for all or for any of its tags, and for no picture.
export function asking(query, any) {
  const tags = [...query.tags, ...query.any];
  return { ...query, like: undefined, tags: any ? [] : tags, any: any ? tags : [] };
}
