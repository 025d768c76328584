// One's own page: passkeys, the recovery code, notices and a running recovery.

import { post } from "./call.js";
import { withFreshPasskey } from "./fresh.js";
import { makePasskey } from "./passkeys.js";
import { onSubmit, ready, sayNext } from "./say.js";

const own = document.getElementById("own");
const sheet = document.getElementById("code-sheet");
const fresh = (act) => withFreshPasskey(own.dataset.account, act);

function reloadSaying(text) {
  sayNext(text);
  location.reload();
}

for (const form of document.querySelectorAll("form[data-act]")) {
  onSubmit(form, async () => {
    const body = Object.fromEntries(new FormData(form));
    await fresh(() => post(form.dataset.act, body));
    reloadSaying(form.dataset.done);
  });
}

for (const form of document.querySelectorAll("form[data-add-passkey]")) {
  onSubmit(form, async () => {
    const name = form.elements.passkey_name.value;
    const begun = await fresh(() => post("/passkeys/options"));
    await makePasskey(async () => begun, "/passkeys/finish", name);
    reloadSaying(form.dataset.done);
  });
}

for (const form of document.querySelectorAll("form[data-issue-code]")) {
  onSubmit(form, async () => {
    const { code } = await fresh(() => post("/recovery-code"));
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
