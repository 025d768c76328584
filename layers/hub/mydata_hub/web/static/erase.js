// Leaving for good: the words, the passkey once more, and on to the certificate.

import { fetchState, needsStepUp, ownProblem, post, word } from "./call.js";
import { usePasskey } from "./passkeys.js";
import { onSubmit, ready, say } from "./say.js";

const own = document.getElementById("own");

for (const form of document.querySelectorAll("form[data-erase]")) {
  onSubmit(form, async () => {
    const body = { confirmation: form.elements.confirmation.value };
    let begun;
    try {
      begun = await post("/erase", body);
    } catch (error) {
      if (!needsStepUp(error)) throw error;
      say(word("stepUp"), word("stepUpRemedy"));
      await usePasskey();
      // Another passkey may open another account, and that one was never asked about.
      if ((await fetchState()).account_id !== own.dataset.account) throw ownProblem("somebodyElse");
      begun = await post("/erase", body);
    }
    location.assign(begun.location);
  });
}

ready();
