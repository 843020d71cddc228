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

// Say something in the corner of the page, read out at once.
export function note(text, action = null) {
  const notes = find("#notes");
  for (const other of notes.children) if (other.firstChild.textContent === text) other.remove();
  // What is outside of a modal dialog cannot be used while it is open.
  ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(notes);
  const message = element("div", { class: "note" }, element("p", {}, text));
  const remove = () => message.remove();
  if (action) {
    const run = () => {
      remove();
      action.run();
    };
    message.append(element("button", { type: "button", onclick: run }, action.label));
  }
  message.append(element("button", { type: "button", class: "round", "aria-label": "Dismiss", onclick: remove }, "×"));
  notes.append(message);
  if (!action) setTimeout(remove, NOTE_SECONDS * 1000);
}

document.addEventListener(
  "close",
  (event) => event.target.contains(find("#notes")) && document.body.append(find("#notes")),
  true,
);

export function bytes(size) {
  if (size < 1000) return `${size} B`;
  if (size < 1e6) return `${Math.round(size / 1e3)} kB`;
  return `${(size / 1e6).toFixed(1)} MB`;
}
