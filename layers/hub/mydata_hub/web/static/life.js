// One's own life: each picture is drawn from the table behind it, and what is wrong is said from here.

import { Problem, post } from "./call.js";
import { axis, drawCharts, token } from "./charts.js";
import { onSubmit, ready, sayNext } from "./say.js";

const DAY_MS = 86_400_000;
const MAX_DOT_PX = 11;

function palette() {
  return [1, 2, 3, 4, 5, 6, 7].map((number) => token(`--chart-${number}`));
}

/** Bars on top of each other: a row of the table is a bar, a column a colour. */
function stacked({ columns, rows }, scale) {
  const colours = palette();
  return {
    type: "bar",
    data: {
      labels: rows.map((row) => row.name),
      datasets: columns.map((label, index) => ({
        label,
        data: rows.map((row) => row.values[index] / scale),
        backgroundColor: colours[index % colours.length],
      })),
    },
    options: {
      scales: {
        x: axis("", { scale: { stacked: true } }),
        y: axis("", { scale: { stacked: true, beginAtZero: true } }),
      },
      plugins: { legend: { labels: { color: token("--ink"), boxWidth: 14 } } },
    },
  };
}

/** Dots on a grid, larger for more; each knows what it says. */
function grid(dots, x, y) {
  const most = Math.max(...dots.map((dot) => dot.size));
  return {
    type: "bubble",
    data: {
      datasets: [
        {
          data: dots.map((dot) => ({ ...dot, r: 2 + (MAX_DOT_PX - 2) * Math.sqrt(dot.size / most) })),
          backgroundColor: token("--leaf"),
        },
      ],
    },
    options: {
      layout: { padding: { right: MAX_DOT_PX } },
      scales: { x, y },
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: { label: (item) => item.raw.text } },
      },
    },
  };
}

function named(names, more = {}) {
  return axis("", {
    ticks: { stepSize: 1, callback: (value) => names[value] ?? "", ...more },
    scale: { min: -0.5, max: names.length - 0.5, afterBuildTicks: onWhole },
  });
}

function onWhole(scale) {
  const first = Math.ceil(scale.min);
  const count = Math.floor(scale.max) - first + 1;
  scale.ticks = Array.from({ length: count }, (_, index) => ({ value: first + index }));
}

const DRAWN = {
  week({ columns, rows }) {
    const dots = rows.flatMap((row, hour) =>
      row.values.map((size, day) => ({
        x: hour,
        y: day,
        size,
        text: `${columns[day]} ${row.name}: ${size}`,
      })),
    );
    const hours = rows.map((row) => row.name.split(":")[0]);
    const days = named(columns);
    return grid(
      dots.filter((dot) => dot.size),
      named(hours, { autoSkip: true, maxRotation: 0 }),
      { ...days, reverse: true },
    );
  },

  // A calendar: a column for each day of the week, a row for each week.
  bills({ rows }) {
    const at = (row) => Date.parse(`${row.on}T00:00:00Z`);
    const monday = (time) => time - ((new Date(time).getUTCDay() + 6) % 7) * DAY_MS;
    const first = monday(Math.min(...rows.map(at)));
    const dots = rows.map((row) => ({
      x: (at(row) - monday(at(row))) / DAY_MS,
      y: (monday(at(row)) - first) / (7 * DAY_MS),
      size: row.values[1],
      text: `${row.on} ${row.texts[0]} ${row.texts[1]}`,
    }));
    const write = (options) => (time) =>
      new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: "UTC", ...options }).format(
        time,
      );
    const days = Array.from({ length: 7 }, (_, day) =>
      write({ weekday: "short" })(first + day * DAY_MS),
    );
    const count = Math.max(...dots.map((dot) => dot.y)) + 1;
    const weeks = Array.from({ length: count }, (_, week) =>
      write({ month: "short", day: "numeric" })(first + week * 7 * DAY_MS),
    );
    return grid(dots, named(days), { ...named(weeks), reverse: true });
  },

  spending: (told, table) => stacked(told, 10 ** Number(table.dataset.places)),
  commute: (told) => stacked(told, 1),
};

drawCharts(DRAWN);

function bodyOf(form) {
  if (form.elements.payee) {
    return { payee: form.elements.payee.value, category: form.elements.category?.value ?? null };
  }
  const records = new FormData(form).getAll("record").map((value) => {
    const [dataset, mark] = value.split(" ");
    return { dataset, mark };
  });
  if (!records.length) {
    throw new Problem({ title: form.dataset.missing, remedy: form.dataset.missingRemedy });
  }
  return { records };
}

for (const form of document.querySelectorAll("form[data-say]")) {
  onSubmit(form, async () => {
    const done = await post(form.dataset.say, bodyOf(form));
    sayNext(done.in_effect ? form.dataset.done : form.dataset.later);
    location.reload();
  });
}
ready();
