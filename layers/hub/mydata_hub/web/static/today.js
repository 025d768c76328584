// A person's own view: the import of a statement, sealed before this answers.

import { Problem, fetchState, post } from "./call.js";
import { onSubmit, ready, say, sayNext } from "./say.js";

const LOOKS = 20;
const LOOK_MS = 600;
const form = document.getElementById("import");
const broken = document.getElementById("broken");

function refuse(name, field) {
  const { [name]: title, [`${name}Remedy`]: remedy } = form.dataset;
  throw new Problem({ title, remedy, field });
}

function toBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

function cell(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function showBroken(lines) {
  const body = broken.querySelector("tbody");
  body.replaceChildren(
    ...lines.map(({ line, column, name, reason }) => {
      const row = document.createElement("tr");
      const place = name ? `${column} (${name})` : String(column);
      row.append(cell("th", line), cell("td", place), cell("td", reason));
      row.firstChild.scope = "row";
      return row;
    }),
  );
  broken.hidden = lines.length === 0;
}

/** Wait until what was brought is folded, so that the page shows it. */
async function untilFolded() {
  for (let look = 0; look < LOOKS; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if ((await fetchState("/today/state")).waiting === 0) return;
  }
}

onSubmit(form, async () => {
  const { file, mapping, own, whole } = form.elements;
  const chosen = file.files[0];
  showBroken([]);
  if (!chosen) refuse("missing", "file");
  if (chosen.size > Number(form.dataset.maximum)) refuse("large", "file");
  try {
    const done = await post("/import", {
      name: chosen.name,
      mapping: mapping.value || own.value,
      content: await toBase64(chosen),
      all_or_nothing: whole.value === "yes",
    });
    if (done.broken) {
      showBroken(done.broken_lines);
      say(form.dataset.partly, form.dataset.partlyRemedy);
      return;
    }
  } catch (error) {
    showBroken(error.document?.broken_lines ?? []);
    throw error;
  }
  await untilFolded();
  sayNext(form.dataset.done, form.dataset.doneRemedy);
  location.reload();
});
ready();
