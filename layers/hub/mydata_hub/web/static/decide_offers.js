// Offers that wait: each is decided where it is read.

import { postFresh } from "./fresh.js";
import { onSubmit, ready, sayNext } from "./say.js";

const { account } = document.getElementById("own").dataset;

for (const form of document.querySelectorAll("form[data-decide]")) {
  onSubmit(form, async () => {
    const { outcome, reason } = Object.fromEntries(new FormData(form));
    const refusal = outcome === "refused" ? { reason } : {};
    const body = { version: Number(form.dataset.version), outcome: outcome ?? "", ...refusal };
    await postFresh(account, form.dataset.decide, body);
    sayNext(form.dataset[outcome]);
    location.reload();
  });
}
ready();
