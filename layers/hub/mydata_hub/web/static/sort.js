// Tables whose columns sort: a button in each heading, by numbers where there are numbers.

const number = /^-?[0-9][0-9,.]*$/;

function worth(row, column) {
  const text = row.cells[column].textContent.trim();
  return number.test(text) ? Number(text.replaceAll(",", "")) : text;
}

function order(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other));
}

for (const table of document.querySelectorAll("table[data-sorts]")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].sort((one, other) => order(worth(one, column), worth(other, column)));
      body.append(...(up ? rows : rows.reverse()));
    });
  });
}
