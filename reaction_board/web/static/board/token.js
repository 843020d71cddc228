// The access token: the dialog that asks for it when the API refuses a request without one.

import * as api from "./api.js";
import { find } from "./dom.js";

// Run a request that may need a token. While the API refuses it for want of one, ask for a token and run it again.
export async function withToken(request) {
  for (;;) {
    const token = api.storedToken();
    try {
      return await request();
    } catch (error) {
      if (error.status !== 401) throw error;
      // Another request may have got a new token meanwhile.
      if (api.storedToken() === token && !(await askForToken(error.message))) throw error;
    }
  }
}

let answer = null; // the promise of the open dialog

// Ask for a token; resolves with whether one was entered. Several uploads may need one at once: they share the dialog.
function askForToken(reason) {
  answer ??= new Promise((resolve) => {
    const dialog = find("#token");
    const input = find("#token-value");
    find("#token-reason").textContent = reason;
    input.value = "";
    dialog.returnValue = "no";
    dialog.addEventListener(
      "close",
      () => {
        const entered = dialog.returnValue === "yes";
        if (entered) api.storeToken(input.value.trim());
        answer = null;
        resolve(entered);
      },
      { once: true },
    );
    find("#token-cancel").onclick = () => dialog.close("no");
    dialog.showModal();
    input.focus();
  });
  return answer;
}
