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

// Browsers let a page copy only at a key or a click, and WebKit forgets about that while the board is asked for something.
// All of them take the promise of a content, if it is handed over at once. Returns whether it was copied.
async function copyContent(type, content) {
  try {
    await navigator.clipboard.write([new ClipboardItem({ [type]: content })]);
    return true;
  } catch {
    return false; // there is no clipboard, the browser does not allow it, or the content has not come
  }
}

// Copy the picture at an address, or at the promise of one, as a PNG, because clipboards take no other type: of an
// animation, the first frame. Returns whether it was copied.
export const copyPicture = (address) => copyContent("image/png", pngOf(address));

async function pngOf(address) {
  const picture = Object.assign(new Image(), { src: await address });
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), {
    width: picture.naturalWidth,
    height: picture.naturalHeight,
  });
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

// Copy a text, or the promise of one. Returns whether it was copied. `root` must be inside the open modal dialog, if there
// is one: nothing else can be selected.
export async function copyText(text, root) {
  if (!(text instanceof Promise)) return copyNow(text, root);
  if (await copyContent("text/plain", text)) return true;
  return text.then(
    (there) => copyNow(there, root),
    () => false,
  );
}

async function copyNow(text, root) {
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
