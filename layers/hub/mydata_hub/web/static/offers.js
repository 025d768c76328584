// One's own offers: each button says one word of one offer or kind; the page shows what holds after.

import { post } from "./call.js";
import { onSubmit, ready, sayNext } from "./say.js";

for (const form of document.querySelectorAll("form[data-say]")) {
  onSubmit(form, async () => {
    const { scope, name, word } = form.dataset;
    const said = word ? { scope, name, word } : Object.fromEntries(new FormData(form));
    const done = await post(form.dataset.say, said);
    sayNext(done.in_effect ? form.dataset.done : form.dataset.later);
    location.reload();
  });
}
ready();
