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

// The open modal dialog, if there is one: what is outside of it cannot be used. Else the body.
export const usable = () => [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;

// Notes must be where they can be used.
function placeNotes() {
  const parent = usable();
  if (find("#notes").parentElement !== parent) parent.append(find("#notes"));
}

// A `close` event is a task of its own: by then the same dialog, or another one, may be open.
document.addEventListener("close", placeNotes, true);

// Say something in the corner of the page, read out at once. A note takes the place of another one with the same `topic`.
// Without an action or `content` to use, it goes away by itself. Returns a function that takes it away.
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

// Open a modal dialog with a form; resolves with whether its button "yes" submitted the form. It resolves when the dialog
// closes, not at the `close` event: that one comes later, when the dialog may be open again.
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
