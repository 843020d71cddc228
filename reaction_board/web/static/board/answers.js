// Answers to the questions of many rows in the upload dialog at once.

import { element } from "./dom.js";

export class Answers {
  isRunning = false;
  #open = new Map(); // by the rows that wait for an answer: functions by the names of their answers
  #buttons = new Map(); // by the name of an answer

  // `onEnd()` is called when an answer has been given to all rows that it fits.
  constructor(root, { onEnd }) {
    Object.assign(this, { root, onEnd });
  }

  open(row, answers) {
    this.#open.set(row, answers);
    this.#show();
  }

  close(row) {
    this.#open.delete(row);
    this.#show();
  }

  clear() {
    this.#open.clear();
    this.#show();
  }

  // A button for each answer that fits two rows or more.
  #show() {
    const all = [...this.#open.values()];
    for (const name of all.flatMap(Object.keys)) {
      if (this.#buttons.has(name)) continue;
      const button = element("button", { type: "button", onclick: () => this.#give(name) });
      this.#buttons.set(name, button);
      this.root.append(button);
    }
    for (const [name, button] of this.#buttons) {
      const count = all.filter((answers) => name in answers).length;
      button.textContent = `${name} (${count})`;
      button.hidden = count < 2;
      button.disabled = this.isRunning;
    }
    this.root.hidden = [...this.#buttons.values()].every((button) => button.hidden);
  }

  async #give(name) {
    this.isRunning = true;
    this.#show();
    // A row may be removed meanwhile.
    for (const [row, answers] of [...this.#open]) if (this.#open.has(row)) await answers[name]?.();
    this.isRunning = false;
    this.#show();
    this.onEnd();
  }
}
