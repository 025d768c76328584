// Charts that are drawn from the table behind them; whoever cannot see them has the table.

export function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Columns and rows of a table, as they are read. */
export function read(table) {
  const columns = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].map((row) => ({
    name: row.cells[0].textContent.trim(),
    on: row.cells[0].dataset.on,
    texts: [...row.cells].slice(1).map((cell) => cell.textContent.trim()),
    values: [...row.cells].slice(1).map((cell) => Number(cell.dataset.value ?? 0)),
  }));
  return { columns, rows };
}

export function axis(title, more = {}) {
  return {
    title: { display: Boolean(title), text: title, color: token("--soft") },
    ticks: { color: token("--soft"), ...more.ticks },
    grid: { color: token("--line") },
    ...more.scale,
  };
}

/** Draw each canvas by its name, now and whenever the reader turns to the other scheme. */
export function drawCharts(drawn) {
  let charts = [];
  const draw = (canvas) => {
    const { chart: name } = canvas.dataset;
    const table = document.querySelector(`table[data-figures="${name}"]`);
    const made = drawn[name](read(table), table);
    canvas.hidden = false;
    canvas.parentElement.querySelector("[data-instead]").hidden = true;
    const shared = { animation: false, responsive: true, maintainAspectRatio: false };
    made.options = { ...shared, ...made.options };
    return new globalThis.Chart(canvas, made);
  };
  const drawAll = () => {
    for (const chart of charts) chart.destroy();
    charts = [...document.querySelectorAll("canvas[data-chart]")].map(draw);
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
}
