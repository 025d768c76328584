// An offer's sheet: the exact record, the signature, and the way to the coupon.

import { post } from "./call.js";
import { sign } from "./passkeys.js";
import { showRecord } from "./record.js";
import { onSubmit, ready } from "./say.js";

const accept = document.getElementById("accept");
const { offer, wording } = accept.dataset;
const path = `/offers/${encodeURIComponent(offer)}`;
// What the vault said when the offer was opened. It stands in the fragment, which no server logs;
// somebody who comes by an address alone gets one of their own, if the offer is shown to them.
let ticket = new URLSearchParams(location.hash.slice(1)).get("ticket");
history.replaceState(null, "", location.pathname);
let prepared = null;

async function admitted() {
  ticket ??= (await post(`${path}/open`)).ticket;
  return ticket;
}

async function prepare() {
  const body = { ticket: await admitted(), locale: document.documentElement.lang };
  prepared ??= await post(`${path}/prepare`, { ...body, wording_hash: wording });
  return prepared;
}

onSubmit(accept, async () => {
  if (!wording) {
    const { location: onward } = await post(`${path}/take`, { ticket: await admitted() });
    location.assign(onward);
    return;
  }
  const { approval, publicKey } = await prepare();
  const credential = await sign(publicKey);
  // Signed or not, this record is not offered a second time.
  prepared = null;
  const { location: onward } = await post(`${path}/approve`, { approval, credential });
  location.assign(onward);
});

if (wording) {
  const look = document.getElementById("look");
  onSubmit(look, async () => showRecord((await prepare()).record));
}
ready();
