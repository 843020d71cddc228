// Dragging a picture out of the page: the original file under its name for programs that take files, its direct link for
// all others.

import * as api from "./api.js";

export const OWN = "application/x-reaction-board"; // marks drags that begin on this page

// The name of an image, with the extension of its type.
export function fileNameOf({ filename, mime_type: type }) {
  const extension = type === "image/jpeg" ? ".jpg" : `.${type.split("/")[1]}`;
  const isRight = new RegExp(type === "image/jpeg" ? "\\.jpe?g$" : `\\${extension}$`, "i").test(filename);
  return isRight ? filename : `${filename.replace(/\.[A-Za-z0-9]{1,5}$/, "")}${extension}`;
}

export function carry(transfer, image) {
  const link = api.directLinkOf(image);
  transfer.effectAllowed = "copy";
  transfer.clearData();
  transfer.setData(OWN, image.id);
  transfer.setData("DownloadURL", `${image.mime_type}:${fileNameOf(image).replaceAll(":", "_")}:${link}`);
  transfer.setData("text/uri-list", link);
  transfer.setData("text/plain", link);
}
