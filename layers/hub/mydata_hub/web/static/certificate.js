// While an erasure is under way, look again now and then; nothing else on the page needs a script.

const AGAIN_MS = 2000;

if (document.getElementById("state").dataset.state === "running") {
  setTimeout(() => location.reload(), AGAIN_MS);
}
