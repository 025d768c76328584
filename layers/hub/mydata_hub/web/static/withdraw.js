// Withdrawing, wherever a grant is shown: one tap, and the page says what is so now. Who wants the
// collected records deleted is led to where they are erased, which cannot be undone by anybody.

import { post } from "./call.js";
import { onSubmit, sayNext } from "./say.js";

/** Let each form that ends a grant do so, and load its page anew. */
export function enableWithdrawing() {
  for (const form of document.querySelectorAll("form[data-withdraw]")) {
    // Where records were collected, each button says what shall become of them.
    let records = "";
    form.addEventListener("submit", (event) => (records = event.submitter?.value ?? ""), true);
    onSubmit(form, async () => {
      await post(form.dataset.withdraw, records ? { records } : {});
      sayNext(form.dataset.done);
      location.assign((records === "delete" && form.dataset.erase) || location.pathname);
    });
  }
}
