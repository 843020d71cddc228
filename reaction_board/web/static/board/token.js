// The access token: the dialog that asks for it when the API refuses a request without one.

import * as api from "./api.js";
import { find, openForm } from "./dom.js";

const NEEDED = new api.BoardError(401, "unauthorized", "This board needs an access token.");

let answer = null; // the promise of the open dialog
let refusals = 0; // how often the dialog was closed without a token

// Run a request that may need a token. While the API refuses it without a valid one, ask the user and run it again. If the
// user enters none, it fails with the status 401.
export async function withToken(request) {
  for (;;) {
    const token = api.storedToken();
    const before = refusals;
    try {
      return await request();
    } catch (error) {
      if (error.status !== 401) throw error;
      // Another request may have got a new token meanwhile, or the user has refused one.
      if (refusals !== before) throw NEEDED;
      if (api.storedToken() === token && !(await askForToken(Boolean(token)))) throw NEEDED;
    }
  }
}

// Ask for a token; resolves with whether one was entered. Several uploads may need one at once: they share the dialog.
function askForToken(isWrong) {
  answer ??= openDialog(isWrong).finally(() => {
    answer = null;
  });
  return answer;
}

async function openDialog(isWrong) {
  const input = find("#token-value");
  const reason = find("#token-reason");
  reason.textContent = isWrong
    ? "The board did not accept this token. Check that it is complete, or ask the owner of the board for a new one."
    : "Enter the token that the owner of the board gave you. This browser remembers it.";
  reason.classList.toggle("wrong", isWrong);
  input.setAttribute("aria-invalid", String(isWrong));
  input.value = "";
  const submission = openForm(find("#token"));
  input.focus();
  const entered = await submission;
  if (entered) api.storeToken(input.value.trim());
  else refusals += 1;
  return entered;
}
