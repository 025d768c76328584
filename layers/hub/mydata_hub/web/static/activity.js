// Activity: who may ask, the button that ends it, and every entry of the log with its proof checked.

import { fetchState } from "./call.js";
import { openLog, problemOf } from "./log.js";
import { ready, say } from "./say.js";
import { showTime } from "./times.js";
import { enableWithdrawing } from "./withdraw.js";

const list = document.getElementById("happened");
const more = document.getElementById("more");
const said = document.getElementById("checked");
const words = list.dataset;
let after = "";
const counts = { checked: 0, wrong: 0 };

function shown(entry) {
  const item = document.getElementById("entry").content.cloneNode(true).firstElementChild;
  item.querySelector(".name").textContent = entry.words;
  item.querySelector(".index").textContent = entry.index === null ? words.waiting : `#${entry.index}`;
  const parts = [entry.who, entry.more].filter(Boolean).join(" · ");
  item.querySelector(".who").textContent = `${parts} · `;
  showTime(item.querySelector("time"), entry.at);
  const why = item.querySelector(".why");
  why.textContent = (entry.why ?? []).join(" · ");
  why.hidden = why.textContent === "";
  const receipt = item.querySelector(".receipt");
  receipt.hidden = entry.claims === undefined;
  receipt.href = `/activity/${encodeURIComponent(entry.event_id)}/receipt`;
  receipt.querySelector(".of").textContent = `${parts}, ${entry.words}`;
  return item;
}

async function nextPage() {
  more.disabled = true;
  list.setAttribute("aria-busy", "true");
  const page = await fetchState(`/activity/state${after && `?after=${encodeURIComponent(after)}`}`);
  const items = page.entries.map((entry) => [entry, shown(entry)]);
  list.append(...items.map(([, item]) => item));
  after = page.after ?? "";
  more.hidden = !after;
  document.getElementById("nothing").hidden = list.childElementCount > 0;
  list.removeAttribute("aria-busy");
  more.disabled = false;
  await check(items, page.periods);
  if (items.length === 0 && after) await nextPage();
}

async function check(items, periods) {
  if (items.length === 0) return;
  const log = await openLog();
  for (const [entry, item] of items) {
    const problem = await problemOf(log, entry, periods).catch(() => "log");
    if (problem === "waiting") continue;
    counts[problem ? "wrong" : "checked"] += 1;
    const state = item.querySelector(".state");
    state.classList.add(problem ? "amber" : "leaf");
    state.hidden = false;
    state.textContent = problem ? words[problem] : words.checked;
  }
  said.dataset.state = counts.wrong || log.signed === false ? "wrong" : "checked";
  const result = counts.wrong ? words.someWrong : words.allChecked;
  const signature = { true: "", false: ` ${words.signature}`, null: ` ${words.unsigned}` }[log.signed];
  const told = { checked: counts.checked, wrong: counts.wrong };
  said.textContent = result.replace(/\{(\w+)\}/g, (_, name) => told[name]) + signature;
}

async function load() {
  try {
    await nextPage();
  } catch (error) {
    more.hidden = false;
    more.disabled = false;
    list.removeAttribute("aria-busy");
    say(error.title ?? words.unread, error.remedy ?? "", "problem");
  }
}

enableWithdrawing();
ready();
more.addEventListener("click", load);
load();
