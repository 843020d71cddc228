// A button with a menu. The pattern is ARIA's menu button.

import { element, find } from "./dom.js";

const GAP = 5; // pixels

export class MenuButton {
  // `items()` returns the items each time the menu opens: {label, run, checked, danger}. With `checked`, true or false,
  // an item is one of several choices.
  constructor(button, items) {
    Object.assign(this, { button, items });
    this.list = element("div", { role: "menu", class: "choices", popover: "auto" });
    this.list.setAttribute("aria-label", button.title || button.getAttribute("aria-label"));
    button.setAttribute("aria-haspopup", "menu");
    button.setAttribute("aria-expanded", "false");
    button.popoverTargetElement = this.list;
    button.after(this.list);
    button.addEventListener("keydown", (event) => {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      this.list.showPopover();
    });
    this.list.addEventListener("beforetoggle", ({ newState }) => {
      button.setAttribute("aria-expanded", String(newState === "open"));
      if (newState === "open") this.list.replaceChildren(...this.items().map((item) => this.#draw(item)));
    });
    this.list.addEventListener("toggle", ({ newState }) => newState === "open" && this.#place());
    this.list.addEventListener("keydown", (event) => this.#key(event));
  }

  // Below the button, or above it if there is no room.
  #place() {
    const { left, top, bottom } = this.button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.list;
    const isBelow = bottom + GAP + height <= innerHeight;
    this.list.style.left = `${Math.max(GAP, Math.min(left, document.body.clientWidth - width - GAP))}px`;
    this.list.style.top = `${isBelow ? bottom + GAP : Math.max(GAP, top - GAP - height)}px`;
    find("[aria-checked=true], button", this.list)?.focus();
  }

  #draw({ label, run, checked, danger }) {
    return element(
      "button",
      {
        type: "button",
        role: checked === undefined ? "menuitem" : "menuitemradio",
        "aria-checked": checked === undefined ? null : String(checked),
        class: danger ? "danger" : null,
        tabindex: "-1",
        onclick: () => {
          this.list.hidePopover(); // the focus returns to the button
          run();
        },
      },
      label,
    );
  }

  #key(event) {
    const items = [...this.list.children];
    const at = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items.at((at + step) % items.length).focus();
    else if (event.key === "Home") items[0].focus();
    else if (event.key === "End") items.at(-1).focus();
    else if (event.key === "Tab") {
      this.list.hidePopover();
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
