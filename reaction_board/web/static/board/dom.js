// Making and finding elements.

export const find = (selector, root = document) => root.querySelector(selector);

// element("a", {href: "/", class: "x", onclick: f}, "text", child): properties that are functions are listeners.
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const NOTE_SECONDS = 8;

// The open modal dialog, outside of which nothing can be used, or else the body.
export const usable = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;

// Move the notes into the open dialog, where they can be used.
function placeNotes() {
  const parent = usable();
  if (find("#notes").parentElement !== parent) parent.append(find("#notes"));
}

// The `close` event comes later: by then, the same dialog or another one may be open.
document.addEventListener("close", placeNotes, true);

// Show a note in the corner of the page; screen readers read it at once. It replaces a note with the same `topic`. Without
// an action or `content`, it disappears by itself. Returns a function that removes it.
export function note(text, action = null, { topic = text, content = null, seconds = NOTE_SECONDS } = {}) {
  const notes = find("#notes");
  for (const other of [...notes.children]) if (other.dataset.topic === topic) other.remove();
  placeNotes();
  const message = element("div", { class: "note", "data-topic": topic }, element("p", {}, text));
  const remove = () => message.remove();
  if (content) message.append(content);
  if (action) {
    const run = () => {
      remove();
      action.run();
    };
    message.append(element("button", { type: "button", onclick: run }, action.label));
  }
  message.append(element("button", { type: "button", class: "round", "aria-label": "Dismiss", onclick: remove }, "×"));
  notes.append(message);
  if (!action && !content) setTimeout(remove, seconds * 1000);
  return remove;
}

// Open a modal dialog with a form. Resolves with whether its button "yes" submitted the form. This happens before the
// `close` event, at which the dialog may be open again.
export function openForm(dialog) {
  return new Promise((resolve) => {
    const close = (answer) => {
      dialog.close();
      resolve(answer);
    };
    find("form", dialog).onsubmit = (event) => {
      event.preventDefault();
      close(event.submitter?.value === "yes");
    };
    for (const button of dialog.querySelectorAll("button[type=button]")) button.onclick = () => close(false);
    dialog.oncancel = () => close(false); // the key Escape
    dialog.showModal();
  });
}

export const imageCount = (count) => (count === 1 ? "1 image" : `${count.toLocaleString()} images`);

export function bytes(size) {
  if (size < 1000) return `${size} B`;
  if (size < 1e6) return `${Math.round(size / 1e3)} kB`;
  return `${(size / 1e6).toFixed(1)} MB`;
}
