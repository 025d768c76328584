// Wakes up for a push, which has no content, and says the one sentence that there is.

const told = new URL(self.location).searchParams;

self.addEventListener("push", (event) => {
  const options = { body: told.get("said"), lang: told.get("lang"), tag: "news" };
  event.waitUntil(self.registration.showNotification("MyData Hub", options));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow("/today"));
});
