// The consent sheet: what was chosen, the exact record, the signature, and no in one tap.

import { ownProblem, post } from "./call.js";
import { sign } from "./passkeys.js";
import { showRecord } from "./record.js";
import { onSubmit, ready } from "./say.js";

const consent = document.getElementById("consent");
const { client, request, wording } = consent.dataset;
const asked = { client_id: client, request_uri: request };
let prepared = null;

/** The record of what is ticked now; made anew only when the choice is another one. */
async function prepare() {
  const items = [...consent.querySelectorAll("input:checked")].map((box) => box.value);
  if (!items.length) throw ownProblem("choose");
  if (prepared?.choice !== items.join()) {
    const body = { ...asked, items, locale: document.documentElement.lang, wording_hash: wording };
    prepared = { ...(await post("/authorize/prepare", body)), choice: items.join() };
  }
  return prepared;
}

onSubmit(consent, async () => {
  const { approval, publicKey } = await prepare();
  const credential = await sign(publicKey);
  // Signed or not, this record is not offered a second time.
  prepared = null;
  const { location: onward } = await post("/authorize/approve", { ...asked, approval, credential });
  location.assign(onward);
});

onSubmit(document.getElementById("refuse"), async () => {
  const { location: onward } = await post("/authorize/refuse", asked);
  location.assign(onward);
});

onSubmit(document.getElementById("look"), async () => showRecord((await prepare()).record));
ready();
