// The record that a passkey signs, shown letter by letter before it does.

const sheet = document.getElementById("record-sheet");
const save = document.getElementById("record-save");

/** Open the sheet with a record, to be read and saved. */
export function showRecord(record) {
  document.getElementById("record-text").textContent = record;
  URL.revokeObjectURL(save.href);
  save.href = URL.createObjectURL(new Blob([record], { type: "application/json" }));
  sheet.showModal();
  document.getElementById("record-title").focus();
}

sheet.querySelector("[data-close]").addEventListener("click", () => sheet.close());
