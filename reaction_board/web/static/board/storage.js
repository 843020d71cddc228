// Data of this board in this browser, which are never sent to the server. Where localStorage is blocked or full, the page
// keeps them until it is closed.

import { ROOT } from "./api.js";

const memory = new Map();
const keyOf = (name) => `reaction-board-${name}${ROOT.slice(0, -1)}`; // several boards may share a host

// Returns the value stored under a name, or the fallback if there is none or it cannot be read.
export function read(name, fallback) {
  if (memory.has(name)) return memory.get(name);
  try {
    return JSON.parse(localStorage.getItem(keyOf(name))) ?? fallback;
  } catch {
    return fallback;
  }
}

// Returns whether the value outlasts this page.
export function write(name, value) {
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(value));
    memory.delete(name);
    return true;
  } catch {
    memory.set(name, value);
    return false;
  }
}

// Call a function when another tab has stored something under a name.
export function listen(name, run) {
  addEventListener("storage", (event) => {
    if (event.key === keyOf(name) || event.key === null) run();
  });
}
