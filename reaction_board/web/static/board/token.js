// The access token: the dialog that asks for it when the API refuses a request without one.

import * as api from "./api.js";
import { find } from "./dom.js";

// Do what may need a token; ask for one if it does, and do it again.
export async function withToken(act) {
  for (;;) {
    const used = api.storedToken();
    try {
      return await act();
    } catch (error) {
      if (error.status !== 401) throw error;
      // Another request may have asked for one meanwhile.
      if (api.storedToken() === used && !(await askForToken(error.message))) throw error;
    }
  }
}

let asking = null;

// Several uploads may need a token at once: they are asked for one together.
function askForToken(why) {
  asking ??= new Promise((resolve) => {
    const dialog = find("#token");
    const value = find("#token-value");
    find("#token-said").textContent = why;
    value.value = "";
    dialog.returnValue = "no";
    dialog.addEventListener(
      "close",
      () => {
        const given = dialog.returnValue === "yes";
        if (given) api.storeToken(value.value.trim());
        asking = null;
        resolve(given);
      },
      { once: true },
    );
    find("#token-cancel").onclick = () => dialog.close("no");
    dialog.showModal();
    value.focus();
  });
  return asking;
}
