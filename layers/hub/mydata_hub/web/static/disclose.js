// Showing one month to an auditor: recorded first, then put into a file here (docs/protocol.md).

import { Problem, fetchState } from "./call.js";
import { postFresh } from "./fresh.js";
import { onSubmit, say } from "./say.js";

const ENTRIES = "/activity/state";
const FORMAT = 1;
const LOOKS = 60;
const LOOK_MS = 500;
const own = document.getElementById("own");
const form = own.querySelector("form[data-disclose]");
const saved = document.getElementById("disclosed");

const shown = ({ index, salt, payload }) => ({ index, salt, payload });

function formProblem(name) {
  return new Problem({ title: form.dataset[name], remedy: form.dataset[`${name}Remedy`] });
}

/** A page of entries behind a mark; from the newest without one. */
function pageOf(after) {
  return fetchState(after ? `${ENTRIES}?after=${encodeURIComponent(after)}` : ENTRIES);
}

/** The key of a month and its entries, the oldest first; none where nothing happened in it. */
async function readMonth(period) {
  const [year, month] = period.split("-").map(Number);
  const next = new Date(Date.UTC(year, month)).toISOString().slice(0, 7);
  // Before the first entry of the month after, which gives the newest of this one or an older.
  let after = `${next}:0`;
  let key = "";
  const entries = [];
  while (after) {
    const page = await pageOf(after);
    if (!page.periods[period]) break;
    key = page.periods[period].tag_key;
    entries.push(...page.entries.map(shown));
    after = page.after;
  }
  return { key, entries: entries.reverse() };
}

function record(body) {
  return postFresh(own.dataset.account, "/activity/disclose", body, form.dataset.stepUp);
}

/** The entry of what was recorded, once it has its place in the log. */
async function placed(eventId) {
  for (let look = 0; look < LOOKS; look += 1) {
    const { entries } = await pageOf();
    const found = entries.find((entry) => entry.event_id === eventId && entry.index !== null);
    if (found) return shown(found);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw formProblem("slow");
}

function offer(file, name) {
  const link = saved.querySelector("a");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
  link.download = name;
  saved.hidden = false;
  link.click();
  link.focus();
}

if (form) {
  onSubmit(form, async () => {
    const { period, to } = Object.fromEntries(new FormData(form));
    saved.hidden = true;
    if (!(await readMonth(period)).entries.length) throw formProblem("nothing");
    const recorded = await record({ period, to });
    const entry = await placed(recorded.event_id);
    // Only now: whatever the log had of the month before is in the list by then.
    const { key, entries } = await readMonth(period);
    const told = { format: FORMAT, hub: recorded.hub, period, tag_key: key, record: entry, entries };
    offer(`${JSON.stringify(told, null, 1)}\n`, `mydata-${period}.json`);
    say(form.dataset.done.replace("{count}", entries.length), form.dataset.doneRemedy);
  });
}
