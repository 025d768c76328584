// Calls to the hub: JSON there and back, the token of the page, and problems as errors.

export class Problem extends Error {
  constructor(document) {
    const { type = "", title, remedy, field = "" } = document;
    super(title);
    Object.assign(this, { type, title, remedy, field, document });
  }
}

const STEP_UP = "urn:mydata-hub:problem:step-up-needed";
let csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";

/** A word of this page in its language. */
export function word(name) {
  return document.getElementById("words").dataset[name];
}

/** A problem in the page's own words; the way out is the word `<name>Remedy`. */
export function ownProblem(name) {
  return new Problem({ title: word(name), remedy: word(`${name}Remedy`) });
}

/** Send a change. Gives the answer's document, or null. Throws Problem. */
export async function post(path, body = {}) {
  const answer = await send(path, body);
  const document = answer.status === 204 ? null : await read(answer);
  if (document?.csrf) csrf = document.csrf;
  return document;
}

/** Ask for lines of JSON behind a head. Gives the head, the lines and their count. */
export async function postForLines(path, body) {
  const answer = await send(path, body);
  if (!answer.ok) await read(answer);
  const [head, ...lines] = (await answer.text()).split("\n");
  const text = lines.map((line) => `${line}\n`).join("");
  return { head: JSON.parse(head), lines: text, count: lines.length };
}

/** Read a document. Throws Problem. */
export async function fetchState(path = "/account/state") {
  return read(await reach(path, { headers: { accept: "application/json" } }));
}

export function needsStepUp(error) {
  return error instanceof Problem && error.type === STEP_UP;
}

function send(path, body) {
  return reach(path, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      ...(csrf && { "x-csrf-token": csrf }),
    },
    body: JSON.stringify(body),
  });
}

async function reach(path, request) {
  try {
    return await fetch(path, { ...request, cache: "no-store", redirect: "error" });
  } catch {
    throw ownProblem("unreachable");
  }
}

async function read(answer) {
  const document = await answer.json().catch(() => null);
  if (answer.ok && document) return document;
  // Something before the hub answered, or the answer broke off: it has no words for people.
  if (!document?.remedy) throw new Problem({ title: word("unreachable"), remedy: word("again") });
  throw new Problem(document);
}
