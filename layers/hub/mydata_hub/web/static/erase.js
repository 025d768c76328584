// Leaving for good: the words, the passkey once more, and on to the certificate.

import { postFresh } from "./fresh.js";
import { onSubmit, ready } from "./say.js";

const own = document.getElementById("own");

for (const form of document.querySelectorAll("form[data-erase]")) {
  onSubmit(form, async () => {
    const body = { confirmation: form.elements.confirmation.value };
    const begun = await postFresh(own.dataset.account, "/erase", body);
    location.assign(begun.location);
  });
}

ready();
