// Files that people hand to the page: what a drop or a paste contains, and the pictures in its folders.

import { ROOT } from "./api.js";

// Return the files and folders of a drop or a paste or, if it has none, the address of a picture in it, or null. Call this
// during the event, because the items are gone afterwards.
export function contentsOf(transfer) {
  const files = [];
  const folders = [];
  for (const item of transfer.items) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry?.();
    if (entry?.isDirectory) folders.push(entry);
    else files.push(item.getAsFile());
  }
  return { files, folders, address: files.length || folders.length ? null : addressIn(transfer) };
}

// A picture within a link comes with the address of the link, and with HTML that has its own address. Pictures of the board
// itself are not uploaded.
function addressIn(transfer) {
  const pictures = new DOMParser().parseFromString(transfer.getData("text/html"), "text/html").images;
  const texts = [
    pictures.length === 1 ? pictures[0].getAttribute("src") : "",
    transfer.getData("text/uri-list").split(/[\r\n]+/, 1)[0],
    transfer.getData("text/plain").trim(),
  ];
  const isForeign = (text) => URL.canParse(text) && !new URL(text).href.startsWith(new URL(ROOT, location.href).href);
  return texts.find((text) => /^(https?:\/\/|data:image\/)\S+$/i.test(text) && isForeign(text)) ?? null;
}

// Walk folders and their subfolders, by name. Yields {name, file} for a picture, {name, reason} for a file or folder that
// cannot be read, and {name} for any other file.
export async function* filesIn(folders) {
  for (const folder of folders) {
    let entries = [];
    try {
      entries = await entriesOf(folder);
    } catch (error) {
      yield { name: folder.name, reason: reasonOf(error) };
    }
    for (const entry of entries) {
      if (entry.isDirectory) yield* filesIn([entry]);
      else yield await pictureOf(entry);
    }
  }
}

async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // Chromium: 100 at a time
    if (!some.length) return entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    entries.push(...some);
  }
}

async function pictureOf(entry) {
  const { name } = entry;
  try {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return (await isPicture(file)) ? { name, file } : { name };
  } catch (error) {
    return { name, reason: reasonOf(error) };
  }
}

// Recognised by their first bytes, as on the board: JPEG, PNG, GIF and WebP.
export async function isPicture(file) {
  const start = String.fromCharCode(...new Uint8Array(await file.slice(0, 12).arrayBuffer()));
  if (["\xff\xd8\xff", "\x89PNG\r\n\x1a\n", "GIF87a", "GIF89a"].some((signature) => start.startsWith(signature)))
    return true;
  return start.startsWith("RIFF") && start.endsWith("WEBP");
}

// Why a file cannot be read to its end, or null if it can.
export async function whyUnreadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer(); // unlike a stream, this says whether the file is missing
    await file.stream().pipeTo(new WritableStream());
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error) {
  if (error.name === "NotFoundError")
    return "This file was not found. Was it moved, renamed or deleted? Is it a folder?";
  return "This file cannot be read. Did it change since you chose it? Is it in the cloud, and not on this device?";
}
