// Contesting a reason of one's score: the passkey once more, since what is written leaves the vault.

import { Problem, post } from "./call.js";
import { postFresh } from "./fresh.js";
import { onSubmit, ready, sayNext } from "./say.js";

const own = document.getElementById("own");

function bodyOf(form) {
  const fields = new FormData(form);
  const statement = fields.get("statement").trim();
  if (!statement) {
    const { empty: title, emptyRemedy: remedy } = form.dataset;
    throw new Problem({ title, remedy, field: "statement" });
  }
  const records = fields.getAll("record").map((value) => {
    const [dataset, mark] = value.split(" ");
    return { dataset, mark };
  });
  return { reason: fields.get("reason"), statement, records };
}

for (const form of document.querySelectorAll("form[data-appeal]")) {
  onSubmit(form, async () => {
    const body = bodyOf(form);
    await postFresh(own.dataset.account, form.dataset.appeal, body, form.dataset.stepUp);
    sayNext(form.dataset.done);
    location.assign("/appeals");
  });
}

for (const form of document.querySelectorAll("form[data-end]")) {
  onSubmit(form, async () => {
    await post(form.dataset.end);
    sayNext(form.dataset.done);
    location.reload();
  });
}
ready();
