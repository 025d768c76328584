// The ways in: sign up, a one-time link, sign in, recover.

import { post, word } from "./call.js";
import { makePasskey, usePasskey } from "./passkeys.js";
import { onSubmit, ready } from "./say.js";
import { showTime } from "./times.js";

const form = document.querySelector("form[data-enter]");

const ways = {
  "sign-up": () => {
    const body = { name: form.elements.name.value, locale: document.documentElement.lang };
    const begin = () => post("/sign-up/options", body);
    return makePasskey(begin, "/sign-up/finish", word("firstPasskey"), form.dataset.next);
  },
  enrol: () =>
    makePasskey(() => post(form.dataset.options), "/sign-up/finish", word("firstPasskey")),
  "sign-in": () => usePasskey(form.dataset.next),
  recover: async () => {
    const body = { code: form.elements.code.value };
    const recovery = await makePasskey(
      () => post("/recover/options", body),
      "/recover/finish",
      word("recoveredPasskey"),
    );
    const after = document.getElementById("after");
    showTime(document.getElementById("matures"), recovery.matures_at);
    document.getElementById("before").hidden = true;
    after.hidden = false;
    after.focus();
    return {};
  },
};

onSubmit(form, async () => {
  const { location: onward } = await ways[form.dataset.enter]();
  if (onward) location.assign(onward);
});
ready();
