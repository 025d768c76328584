// Erasing a part: what one of the forms names, the passkey once more, and on to the certificate.

import { postFresh } from "./fresh.js";
import { onSubmit, ready } from "./say.js";

const own = document.getElementById("own");

for (const form of document.querySelectorAll("form[data-erase-part]")) {
  onSubmit(form, async () => {
    const fields = [...form.elements].filter((one) => one.name && (one.type !== "checkbox" || one.checked));
    const body = Object.fromEntries(fields.map((one) => [one.name, one.value]));
    const begun = await postFresh(own.dataset.account, "/sources/erase", body);
    location.assign(begun.location);
  });
}

ready();
