// Pictures that look alike: asking the board for those like a file, and putting distances into words.

import * as api from "./api.js";
import { scaled } from "./preview.js";
import { withToken } from "./token.js";

const LARGE = 1e6; // bytes: of larger files, a small copy of the picture is sent
const SIDE = 640; // pixels, of that copy
const SECONDS = 15;
const NEARLY_IDENTICAL = 2; // of 64 bits: what another size or type changes
const VERY_SIMILAR = 5;
const MOST_ASKED = 5; // the file itself may come after others at the same distance

// How alike two pictures are, by the distance of their fingerprints.
export function likeness(distance) {
  if (distance <= NEARLY_IDENTICAL) return "nearly identical";
  return distance <= VERY_SIMILAR ? "very similar" : "similar";
}

// The images that look like the picture in a file, the nearest first.
export async function findLike(file, limit, signal) {
  const copy = file.size > LARGE ? await smallCopyOf(file) : file;
  return api.similarToFile(copy, limit, signal);
}

// The image of the board that looks most like a file that is to be uploaded, or null. The same file does not
// count, because the board recognizes it. A missing token is an error, since the upload needs one, too. Other failures count
// as null: the upload will report them better.
export async function findLookalike(file) {
  try {
    const images = await withToken(() => findLike(file, MOST_ASKED, AbortSignal.timeout(SECONDS * 1000)));
    const isSame = (image) => image.distance === 0 && image.size_bytes === file.size;
    return images.some(isSame) ? null : (images[0] ?? null);
  } catch (error) {
    if (error.status === 401) throw error;
    return null;
  }
}

async function smallCopyOf(file) {
  try {
    const { canvas } = await scaled(file, SIDE);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.9));
    return new File([blob], file.name, { type: blob.type });
  } catch {
    return file; // the board may be able to decode it
  }
}
