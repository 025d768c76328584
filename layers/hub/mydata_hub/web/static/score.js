// The course of one's own score, drawn from its table: a step holds until the next one.

import { axis, drawCharts, token } from "./charts.js";

drawCharts({
  course({ columns, rows }) {
    const known = rows.filter((row) => row.values[0]).reverse();
    return {
      type: "line",
      data: {
        labels: known.map((row) => row.name),
        datasets: [
          {
            label: columns[0],
            data: known.map((row) => row.values[0]),
            stepped: true,
            borderColor: token("--leaf"),
            backgroundColor: token("--leaf"),
            pointRadius: 4,
          },
        ],
      },
      options: {
        scales: {
          x: axis("", { ticks: { maxRotation: 0, autoSkip: true } }),
          y: axis("", { ticks: { precision: 0 }, scale: { grace: "10%" } }),
        },
        plugins: { legend: { display: false } },
      },
    };
  },
});
