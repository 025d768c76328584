// Instants in the reader's own time and language.

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "long",
  timeStyle: "short",
});

// A date is the same day everywhere: read as midnight of UTC, it must be written in UTC.
const day = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "long",
  timeZone: "UTC",
});

export function showTime(element, instant) {
  element.dateTime = instant;
  element.textContent = (instant.includes("T") ? format : day).format(new Date(instant));
}

for (const element of document.querySelectorAll("time[datetime]")) {
  showTime(element, element.dateTime);
}
