// Consents: what stays allowed, the day it ends, and the button that ends it.

import { Problem, post } from "./call.js";
import { onSubmit, ready, sayNext } from "./say.js";
import { enableWithdrawing } from "./withdraw.js";

/** The beginning of a day here, as an instant. */
function dayBegins(day) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date).toISOString();
}

for (const form of document.querySelectorAll("form[data-narrow]")) {
  onSubmit(form, async () => {
    const { narrow, collects, choose, chooseRemedy, done } = form.dataset;
    const items = [...form.querySelectorAll("input:checked")].map((box) => box.value);
    if (!collects && !items.length) throw new Problem({ title: choose, remedy: chooseRemedy });
    const day = form.elements.expires_at.value;
    await post(narrow, {
      ...(!collects && { items }),
      ...(day && { expires_at: dayBegins(day) }),
    });
    sayNext(done);
    location.assign(location.pathname);
  });
}

enableWithdrawing();
ready();
