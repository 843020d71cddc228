// Tags to refine a search by, so that it still finds something.

import * as api from "./api.js";
import { completions } from "./completion.js";
import { conditions } from "./query.js";

// The popular tags without a search, else those that go together with it, most images first. The API can count only
// together with tags. With other conditions, the images of the grid are counted, with which `imagesOf()` resolves.
export async function suggest(query, imagesOf, limit, signal) {
  const all = conditions(query);
  if (!all.length) return completions("", limit, signal);
  if (all.every(({ kind }) => kind === "tag")) return api.tagsTogether(query.tags, limit, signal);
  return tally(await imagesOf(), limit);
}

function tally(images, limit) {
  const counts = new Map();
  for (const tag of images.flatMap(({ tags }) => tags)) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .map(([name, together]) => ({ name, together }))
    .sort((a, b) => b.together - a.together)
    .slice(0, limit);
}
