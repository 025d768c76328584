// The wallet: a coupon is signed when its owner looks at it, and what is said is taken in at once.

import { fetchState, post } from "./call.js";
import { onSubmit, ready, sayNext } from "./say.js";

for (const form of document.querySelectorAll("form[data-show]")) {
  onSubmit(form, async () => {
    const shown = await fetchState(form.dataset.show);
    const box = form.querySelector(".coupon");
    const text = box.querySelector("textarea");
    text.value = shown.coupon;
    box.hidden = false;
    text.focus();
    text.select();
    text.scrollTop = 0;
  });
}

for (const form of document.querySelectorAll("form[data-say]")) {
  onSubmit(form, async () => {
    const fields = Object.fromEntries(new FormData(form));
    const done = await post(form.dataset.say, fields);
    sayNext(done.in_effect ? form.dataset.done : form.dataset.later);
    location.reload();
  });
}
ready();
