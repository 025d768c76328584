// Taking one's data along: part after part from the hub, one archive in the end (docs/export.md).

import { Problem, fetchState, ownProblem, post, postForLines } from "./call.js";
import { withFreshPasskey } from "./fresh.js";
import { onSubmit, ready, say } from "./say.js";
import { Zip } from "./zip.js";

const HISTORY = ["consents", "answers", "coupons", "entries"];
const TRIES = 10;
const WAIT_MS = 500;
const STAY_MS = 60_000;
const own = document.getElementById("own");
const form = document.querySelector("form[data-export]");
const going = document.getElementById("going");
const bar = going?.querySelector("progress");
const saved = document.getElementById("saved");
const encoder = new TextEncoder();

/** The files of an archive: lines go in, full files are hashed and packed. */
class Files {
  list = [];
  #zip;
  #open = null;
  #numbers = new Map();

  constructor(at) {
    this.#zip = new Zip(at);
  }

  async add(family, lines) {
    if (this.#open?.family !== family || this.#open.size >= Number(form.dataset.fileBytes)) {
      await this.#close();
      const number = (this.#numbers.get(family) ?? 0) + 1;
      this.#numbers.set(family, number);
      const name = `${family}-${String(number).padStart(4, "0")}.jsonl`;
      this.#open = { family, name, size: 0, pieces: [] };
    }
    const bytes = encoder.encode(lines);
    this.#open.pieces.push(bytes);
    this.#open.size += bytes.length;
  }

  /** Write a file of its own and list it. */
  async put(name, blob) {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
    let lines = 0;
    for (const byte of bytes) lines += byte === 10;
    await this.#zip.add(name, bytes);
    this.list.push({ name, lines, bytes: bytes.length, sha256 });
  }

  async finish(about) {
    await this.#close();
    const manifest = { object: "mydata_archive", format: 1, ...about, files: this.list };
    await this.#zip.add("manifest.json", encoder.encode(JSON.stringify(manifest, null, 1)));
    return this.#zip.close();
  }

  async #close() {
    if (this.#open) await this.put(this.#open.name, new Blob(this.#open.pieces));
    this.#open = null;
  }
}

const asLines = (items) => items.map((item) => `${JSON.stringify(item)}\n`).join("");

function show(done, total) {
  bar.max = total || 1;
  bar.value = total ? done : 1;
  going.querySelector("p").textContent = form.dataset.progress
    .replace("{done}", done)
    .replace("{total}", total);
}

/** A call that is made again while the hub is busy. */
async function patiently(call) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const busy = error instanceof Problem && /:(busy|outcome-unknown)$/.test(error.type);
      if (!busy || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}

function begin() {
  const act = () => patiently(() => post("/export"));
  return withFreshPasskey(own.dataset.account, act, form.dataset.stepUp);
}

async function takeRecords(begun, ask, files) {
  const told = { records: 0, segments: [], missing: [] };
  let at = 0;
  let skip = 0;
  while (at < begun.segments.length) {
    const dataset = begun.segments[at][1];
    const segments = [];
    for (const [name, of] of begun.segments.slice(at, at + Number(form.dataset.askedAtOnce))) {
      if (of !== dataset) break;
      segments.push(name);
    }
    const { head, lines, count } = await ask("records", { segments, skip });
    const lost = head.missing.some((one) => one.segment_id === segments[0]);
    // Half of it stands in a file already.
    if ((skip && lost) || !(head.done || count)) throw ownProblem("unreachable");
    await files.add(`records/${dataset}`, lines);
    told.records += count;
    told.segments.push(...head.segments);
    told.missing.push(...head.missing.map((one) => ({ ...one, dataset })));
    at += head.done;
    skip = head.skip;
    show(at, begun.segments.length);
  }
  return told;
}

async function take() {
  const begun = await begin();
  const base = `/export/${begun.export_id}`;
  let stayed = Date.now();
  const ask = async (path, body) => {
    // A session ends after 15 quiet minutes, and the vault does not lengthen it.
    if (Date.now() - stayed > STAY_MS) {
      await fetchState();
      stayed = Date.now();
    }
    return patiently(() => postForLines(`${base}/${path}`, body));
  };
  const files = new Files(new Date(begun.made_at));
  await files.put("README.txt", new Blob([own.dataset.readme]));
  await files.add("sources", asLines(begun.sources));
  show(0, begun.segments.length);
  const told = await takeRecords(begun, ask, files);
  await files.add("segments", asLines(told.segments));
  for (const kind of HISTORY) {
    let after = null;
    do {
      // What the log says of a person is opened by the log zone.
      const part = kind === "entries" ? ["entries", { after }] : ["history", { kind, after }];
      const { head, lines } = await ask(...part);
      await files.add(kind, lines);
      after = head.after;
    } while (after !== null);
  }
  const { log, ...at_end } = await patiently(() => post(`${base}/end`));
  const { hub, export_id, made_at, account, manifest_version } = begun;
  const { records, missing } = told;
  const vault = { manifest_version, segments: begun.segments.length, records, at_end };
  const whole = await files.finish({ hub, export_id, made_at, account, vault, missing, log });
  return { whole, missing, records };
}

function offer(whole, madeAt) {
  const link = saved.querySelector("a");
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(whole);
  link.download = `mydata-${madeAt.toISOString().slice(0, 10)}.zip`;
  saved.hidden = false;
  link.click();
  link.focus();
}

if (form) {
  onSubmit(form, async () => {
    going.hidden = false;
    saved.hidden = true;
    try {
      const { whole, missing, records } = await take();
      offer(whole, new Date());
      const count = records.toLocaleString(document.documentElement.lang);
      const lost = missing.length ? form.dataset.missing.replace("{count}", missing.length) : "";
      say(form.dataset.done.replace("{count}", count), lost || form.dataset.doneRemedy);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Problem({ title: form.dataset.large, remedy: form.dataset.largeRemedy });
    } finally {
      going.hidden = true;
    }
  });
}
ready();
