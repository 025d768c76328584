// One's own offers: each button says one word of one offer or kind; the page shows what holds after.

import { post } from "./call.js";
import { onSubmit, ready, sayNext } from "./say.js";

for (const form of document.querySelectorAll("form[data-say]")) {
  onSubmit(form, async () => {
    const { scope, name, word } = form.dataset;
    const done = await post(form.dataset.say, { scope, name, word });
    sayNext(done.in_effect ? form.dataset.done : form.dataset.later);
    location.reload();
  });
}
ready();
