// The menu of a page, for actions that are needed rarely.

import * as api from "./api.js";
import { note } from "./dom.js";
import { MenuButton } from "./menubutton.js";

// `items()` returns what the menu has each time it opens: {label, run} as MenuButton takes them, or links {label, href}.
export function offerMenu(button, items) {
  new MenuButton(button, () => [
    ...items().map(({ href, ...item }) => (href ? { ...item, run: () => location.assign(href) } : item)),
    ...(api.storedToken() ? [{ label: "Forget the access token", run: forgetToken }] : []),
  ]);
}

function forgetToken() {
  api.storeToken(null);
  note("This browser has forgotten the access token.");
}
