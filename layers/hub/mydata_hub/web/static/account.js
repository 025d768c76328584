// One's own page: passkeys, the recovery code, notices and a running recovery.

import { fetchState, needsStepUp, ownProblem, post, word } from "./call.js";
import { makePasskey, usePasskey } from "./passkeys.js";
import { onSubmit, ready, say, sayNext } from "./say.js";

const own = document.getElementById("own");
const sheet = document.getElementById("code-sheet");

/** Do something; where the passkey was used too long ago, use it again and do it once more. */
async function withFreshPasskey(act) {
  try {
    return await act();
  } catch (error) {
    if (!needsStepUp(error)) throw error;
  }
  say(word("stepUp"), word("stepUpRemedy"));
  const { location: start } = await usePasskey();
  // The passkey that was chosen may open another account; nothing may happen to that one.
  if ((await fetchState()).account_id !== own.dataset.account) {
    const { title, remedy } = ownProblem("somebodyElse");
    sayNext(title, remedy);
    location.assign(start);
    return new Promise(() => {});
  }
  return act();
}

function reloadSaying(text) {
  sayNext(text);
  location.reload();
}

for (const form of document.querySelectorAll("form[data-act]")) {
  onSubmit(form, async () => {
    const body = Object.fromEntries(new FormData(form));
    await withFreshPasskey(() => post(form.dataset.act, body));
    reloadSaying(form.dataset.done);
  });
}

for (const form of document.querySelectorAll("form[data-add-passkey]")) {
  onSubmit(form, async () => {
    const name = form.elements.passkey_name.value;
    const begun = await withFreshPasskey(() => post("/passkeys/options"));
    await makePasskey(async () => begun, "/passkeys/finish", name);
    reloadSaying(form.dataset.done);
  });
}

for (const form of document.querySelectorAll("form[data-issue-code]")) {
  onSubmit(form, async () => {
    const { code } = await withFreshPasskey(() => post("/recovery-code"));
    document.getElementById("code-text").textContent = code;
    const place = document.getElementById("code-place");
    place.textContent = location.origin + place.dataset.path;
    sheet.showModal();
    document.getElementById("sheet-title").focus();
  });
}

sheet.querySelector("[data-print]").addEventListener("click", () => window.print());
sheet.querySelector("[data-kept]").addEventListener("click", () => location.reload());
// Escape closes the sheet for good: the code must not stay behind in the page.
sheet.addEventListener("close", () => location.reload());
ready();
