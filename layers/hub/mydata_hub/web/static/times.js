// Instants in the reader's own time and language.

const format = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "long",
  timeStyle: "short",
});

export function showTime(element, instant) {
  element.dateTime = instant;
  element.textContent = format.format(new Date(instant));
}

for (const element of document.querySelectorAll("time[datetime]")) {
  showTime(element, element.dateTime);
}
