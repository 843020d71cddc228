// The clipboard. On plain http (no secure context) browsers have no navigator.clipboard; a selected text can be copied
// there, too.

// Copy a link; say in an element what happened. If nothing can be copied, the link stands there, selected.
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

// Copy a picture as a PNG, because clipboards take no other type: of an animation, the frame on display.
// Throws where the browser cannot.
export async function copyPicture(picture) {
  if (!navigator.clipboard?.write) throw new Error("The browser has no clipboard for pictures.");
  const png = picture.decode().then(() => {
    const canvas = Object.assign(document.createElement("canvas"), {
      width: picture.naturalWidth,
      height: picture.naturalHeight,
    });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  });
  await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
}

async function copyText(text, root) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text, root); // there is no clipboard, or the browser does not allow it
  }
}

// `root` must be inside the open modal dialog, if there is one: nothing else can be selected.
function copySelected(text, root) {
  const focused = document.activeElement;
  const box = document.createElement("textarea");
  box.value = text;
  box.readOnly = true; // so that no keyboard opens on a phone
  root.append(box);
  box.select();
  box.setSelectionRange(0, text.length); // on iOS, select() does nothing
  const copied = document.execCommand("copy");
  box.remove();
  focused?.focus();
  return copied;
}
