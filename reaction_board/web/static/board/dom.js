// Making and finding elements.

export const find = (selector, root = document) => root.querySelector(selector);

// element("a", {href: "/", class: "x", onclick: f}, "text", child): properties that are functions are listeners.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const NOTE_SECONDS = 8;

// Say something in the corner of the page, read out at once.
export function note(text, action = null) {
  const notes = find("#notes");
  for (const other of notes.children) if (other.firstChild.textContent === text) other.remove();
  // What is outside of a modal dialog cannot be used while it is open.
  ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(notes);
  const made = element("div", { class: "note" }, element("p", {}, text));
  const remove = () => made.remove();
  if (action) {
    const run = () => {
      remove();
      action.run();
    };
    made.append(element("button", { type: "button", onclick: run }, action.label));
  }
  made.append(element("button", { type: "button", class: "round", "aria-label": "Dismiss", onclick: remove }, "×"));
  notes.append(made);
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
