// What happened, said where people look and read out by screen readers.

import { Problem, ownProblem, word } from "./call.js";
import { supported } from "./passkeys.js";

const KEPT = "said";
const box = document.getElementById("said");

export function say(title, remedy = "", kind = "done") {
  box.dataset.kind = kind;
  box.querySelector(".said-title").textContent = title;
  box.querySelector(".said-remedy").textContent = remedy;
  box.hidden = false;
}

/** Say it on the page that is loaded next. */
export function sayNext(title, remedy = "") {
  sessionStorage.setItem(KEPT, JSON.stringify([title, remedy]));
}

/** Say what was kept for this page; then let its buttons work. */
export function ready() {
  const kept = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (kept) say(...JSON.parse(kept));
  if (!supported()) {
    sayProblem(ownProblem("unsupported"));
    return;
  }
  for (const button of document.querySelectorAll("main button[disabled]")) button.disabled = false;
}

/** Run what a form asks for: one at a time, its button busy, a failure said with its way out. */
export function onSubmit(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    const button = event.submitter ?? form.querySelector("button");
    const label = button.textContent;
    form.setAttribute("aria-busy", "true");
    button.textContent = word("working");
    box.hidden = true;
    for (const input of form.querySelectorAll("[aria-invalid]")) unmark(input);
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Problem)) console.error(error);
      sayProblem(error instanceof Problem ? error : ownProblem("unreachable"), form);
    }
    form.removeAttribute("aria-busy");
    button.textContent = label;
  });
}

function sayProblem(problem, form) {
  say(problem.title, problem.remedy, "problem");
  const input = problem.field && form?.querySelector(`[name="${CSS.escape(problem.field)}"]`);
  if (input) mark(input);
  (input || box).focus();
}

function mark(input) {
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-errormessage", "said");
}

function unmark(input) {
  input.removeAttribute("aria-invalid");
  input.removeAttribute("aria-errormessage");
}
