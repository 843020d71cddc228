// The filter: the conditions of a search other than its tags, in a small panel below a button.

import { element, find } from "./dom.js";
import { asking, asksForAny, TYPES } from "./query.js";

let serial = 0;

export class Filters {
  #query = null;
  isAny = false; // whether the tags are alternatives; without tags, the address cannot say so

  // `onQuery(query)` is called with the search that the user has chosen.
  constructor(root, { onQuery }) {
    Object.assign(this, { root, onQuery });
    this.match = radios("Tags", [
      ["all", "All of them"],
      ["any", "Any of them"],
    ]);
    this.motion = radios("Motion", [
      ["", "Any"],
      ["true", "Animated"],
      ["false", "Still"],
    ]);
    this.type = radios("Type", [["", "Any"], ...TYPES.map((type) => [type, type.toUpperCase()])]);
    this.untagged = element("input", { type: "checkbox" });
    const panel = element(
      "div",
      { class: "panel" },
      this.match.root,
      this.motion.root,
      this.type.root,
      element("label", { class: "choice" }, this.untagged, "Without tags"),
    );
    root.append(panel);
    panel.addEventListener("change", () => this.#change());
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !root.open) return;
      root.open = false;
      find("summary", root).focus();
    });
    document.addEventListener("pointerdown", (event) => {
      if (!root.contains(event.target)) root.open = false;
    });
  }

  show(query) {
    this.#query = query;
    if (query.tags.length || query.any.length) this.isAny = asksForAny(query);
    this.match.value = this.isAny ? "any" : "all";
    this.motion.value = query.animated ?? "";
    this.type.value = query.type ?? "";
    this.untagged.checked = Boolean(query.untagged);
  }

  #change() {
    this.isAny = this.match.value === "any";
    this.onQuery({
      ...asking(this.#query, this.isAny),
      animated: this.motion.value || undefined,
      type: this.type.value || undefined,
      untagged: this.untagged.checked || undefined,
    });
  }
}

function radios(legend, choices) {
  const name = `filter-${++serial}`;
  const inputs = choices.map(([value]) => element("input", { type: "radio", name, value }));
  const labels = choices.map(([, label], index) => element("label", { class: "choice" }, inputs[index], label));
  return {
    root: element("fieldset", {}, element("legend", {}, legend), ...labels),
    get value() {
      return inputs.find((input) => input.checked)?.value ?? "";
    },
    set value(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}
