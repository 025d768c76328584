// The review of appeals: one case at a time is asked for, shown here, and decided.

import { postFresh } from "./fresh.js";
import { onSubmit, ready, sayNext } from "./say.js";

const own = document.getElementById("own");
const language = document.documentElement.lang;

function money({ amount_minor: amount, currency }) {
  if (amount === null) return "";
  if (!currency) return String(amount);
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function line(record) {
  const item = document.createElement("li");
  const at = new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(record.at));
  const { due, paid } = own.dataset;
  const days = [
    record.due_on && `${due} ${record.due_on}`,
    record.paid_on && `${paid} ${record.paid_on}`,
  ];
  item.textContent = [at, record.name, money(record), ...days].filter(Boolean).join(" · ");
  return item;
}

for (const form of document.querySelectorAll("form[data-read]")) {
  onSubmit(form, async () => {
    const told = await postFresh(own.dataset.account, form.dataset.read, {});
    const place = form.parentElement.querySelector(".case");
    place.querySelector("[data-label]").textContent = told.label?.[language] ?? told.reason;
    place.querySelector("[data-told]").textContent = told.told[language];
    place.querySelector("[data-statement]").textContent = told.statement;
    place.querySelector("[data-records]").replaceChildren(...told.records.map(line));
    form.hidden = true;
    place.hidden = false;
    place.querySelector("[data-label]").focus();
  });
}

for (const form of document.querySelectorAll("form[data-decide]")) {
  onSubmit(form, async () => {
    const { outcome, words } = Object.fromEntries(new FormData(form));
    const body = { outcome: outcome ?? "", words };
    await postFresh(own.dataset.account, form.dataset.decide, body);
    sayNext(form.dataset.done);
    location.reload();
  });
}
ready();
