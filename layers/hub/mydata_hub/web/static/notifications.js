// Where and when one is told of news: the browser's own subscription, and the hub's list of them.

import { Problem, post } from "./call.js";
import { onSubmit, ready, sayNext } from "./say.js";

const words = document.getElementById("notice-words").dataset;
// The worker only wakes up to notify: it stands between no page and the hub.
const SCOPE = "/static/";

function problem(name) {
  return new Problem({ title: words[name], remedy: words[`${name}Remedy`] });
}

function bytesOf(base64url) {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

async function nameOf(endpoint) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  const bytes = new Uint8Array(digest).slice(0, 16);
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

async function ownSubscription() {
  const registration = await navigator.serviceWorker?.getRegistration(SCOPE);
  return registration?.pushManager?.getSubscription() ?? null;
}

/** A worker that runs; it says the sentence that it is given, in the language of this page. */
async function worker() {
  const address = new URL("./notify.js", import.meta.url);
  address.search = new URLSearchParams({ said: words.news, lang: document.documentElement.lang });
  const registration = await navigator.serviceWorker.register(address, { scope: SCOPE });
  const starting = registration.installing ?? registration.waiting;
  if (!registration.active && starting) {
    await new Promise((done) => {
      starting.addEventListener("statechange", () => starting.state === "activated" && done());
    });
  }
  return registration;
}

async function begin(form) {
  if (!navigator.serviceWorker || !("PushManager" in window)) throw problem("cannot");
  if ((await Notification.requestPermission()) !== "granted") throw problem("denied");
  const { pushManager } = await worker();
  const key = bytesOf(form.dataset.key);
  const subscription = await pushManager
    .subscribe({ userVisibleOnly: true, applicationServerKey: key })
    .catch(() => {
      throw problem("cannot");
    });
  await post("/notifications", { endpoint: subscription.endpoint });
}

function reloadSaying(text) {
  sayNext(text);
  location.reload();
}

const beginning = document.getElementById("begin");
onSubmit(beginning, async () => {
  await begin(beginning);
  reloadSaying(beginning.dataset.done);
});

const quiet = document.getElementById("quiet");
onSubmit(quiet, async () => {
  const [from_hour, until_hour] = ["from_hour", "until_hour"].map((name) =>
    Number(quiet.elements[name].value),
  );
  await post("/notifications/quiet-hours", { from_hour, until_hour });
  reloadSaying(quiet.dataset.done);
});

const here = await ownSubscription();
const own = here && document.querySelector(`[data-browser="${await nameOf(here.endpoint)}"]`);
for (const form of document.querySelectorAll("form[data-end]")) {
  onSubmit(form, async () => {
    await post(form.dataset.end);
    if (own?.contains(form)) await here.unsubscribe();
    reloadSaying(form.dataset.done);
  });
}
if (own) {
  own.querySelector("[data-here]").hidden = false;
  beginning.querySelector("button").hidden = true;
}
ready();
