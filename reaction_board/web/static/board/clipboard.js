// The clipboard. On plain http, which is no secure context, there is no navigator.clipboard, but selected text can still
// be copied.

// Copy a link, and report the outcome in an element. If copying fails, show the link there, selected.
export async function copyLink(link, message, saying = "Link copied.") {
  if (await copyText(link, message.parentElement)) {
    message.textContent = saying;
    return;
  }
  const text = document.createElement("span");
  text.textContent = link;
  message.replaceChildren("Copy this link: ", text);
  getSelection().selectAllChildren(text);
}

// Copy the picture at an address as a PNG, the only type that clipboards take. Of an animation, this is the first frame.
// Throws where the browser cannot.
export async function copyPicture(address) {
  if (!navigator.clipboard?.write) throw new Error("The browser has no clipboard for pictures.");
  await navigator.clipboard.write([new ClipboardItem({ "image/png": pngOf(address) })]);
}

async function pngOf(address) {
  const picture = Object.assign(new Image(), { src: address });
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: picture.naturalWidth,
    height: picture.naturalHeight,
  });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// Returns whether the text was copied. `root` must be inside the open modal dialog, if there is one: nothing else can be
// selected.
export async function copyText(text, root) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text, root); // there is no clipboard, or the browser does not allow it
  }
}

function copySelected(text, root) {
  const focused = document.activeElement;
  const box = document.createElement("textarea");
  box.value = text;
  box.readOnly = true; // so that no keyboard opens on a phone
  root.append(box);
  box.focus({ preventScroll: true });
  box.select();
  box.setSelectionRange(0, text.length); // on iOS, select() does nothing
  const copied = document.execCommand("copy");
  box.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}
