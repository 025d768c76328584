// My sources: what is ticked, the exact record, the signature, and the way to the provider.

import { Problem, post } from "./call.js";
import { sign } from "./passkeys.js";
import { showRecord } from "./record.js";
import { onSubmit, ready } from "./say.js";
import { enableWithdrawing } from "./withdraw.js";

/** The record of what is ticked now; made anew only when the choice is another one. */
async function prepare(form, kept) {
  const items = [...form.querySelectorAll("input:checked")].map((box) => box.value);
  const { provider, wording, choose, chooseRemedy } = form.dataset;
  if (!items.length) throw new Problem({ title: choose, remedy: chooseRemedy });
  if (kept.choice !== items.join()) {
    const locale = document.documentElement.lang;
    const choice = { provider_id: provider, items, locale, wording_hash: wording };
    Object.assign(kept, await post("/sources/prepare", choice), { choice: items.join() });
  }
  return kept;
}

for (const form of document.querySelectorAll("form[data-provider]")) {
  const kept = {};
  let pressed = "";
  form.addEventListener("submit", (event) => (pressed = event.submitter?.name ?? ""), true);
  onSubmit(form, async () => {
    const { approval, publicKey, record } = await prepare(form, kept);
    if (pressed === "look") {
      showRecord(record);
      return;
    }
    const credential = await sign(publicKey);
    // Signed or not, this record is not offered a second time.
    kept.choice = "";
    const { location: onward } = await post("/sources/approve", { approval, credential });
    location.assign(onward);
  });
}

enableWithdrawing();
ready();
