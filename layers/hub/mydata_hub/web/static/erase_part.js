// Erasing a part: what one of the forms names, the passkey once more, and on to the certificate.

import { fetchState, needsStepUp, ownProblem, post, word } from "./call.js";
import { usePasskey } from "./passkeys.js";
import { onSubmit, ready, say } from "./say.js";

const own = document.getElementById("own");

for (const form of document.querySelectorAll("form[data-erase-part]")) {
  onSubmit(form, async () => {
    const fields = [...form.elements].filter((one) => one.name && (one.type !== "checkbox" || one.checked));
    const body = Object.fromEntries(fields.map((one) => [one.name, one.value]));
    let begun;
    try {
      begun = await post("/sources/erase", body);
    } catch (error) {
      if (!needsStepUp(error)) throw error;
      say(word("stepUp"), word("stepUpRemedy"));
      await usePasskey();
      // Another passkey may open another account, and that one was never asked about.
      if ((await fetchState()).account_id !== own.dataset.account) throw ownProblem("somebodyElse");
      begun = await post("/sources/erase", body);
    }
    location.assign(begun.location);
  });
}

ready();
