// The page is made of modules: without one of them none runs, and nobody is left to say so but this.
// Chromium drops what it is still asking for whenever an address of this machine comes or goes, as
// with each container that starts (net::ERR_NETWORK_CHANGED). So the page asks again, a few times.

addEventListener("load", () => {
  const WAITS_MS = [500, 1000, 2000];
  const link = document.getElementById("link");
  const styled = getComputedStyle(document.body).getPropertyValue("--ink");
  // By now main.js has said how it stands, if it runs at all.
  const whole = link.dataset.link && styled;
  const tries = Number(sessionStorage.getItem("tries"));
  const again = !whole && tries < WAITS_MS.length;
  // Begun anew once it gave up: who then reloads by hand gets as many tries.
  sessionStorage.setItem("tries", again ? tries + 1 : 0);
  if (whole) return;
  link.dataset.link = "gone";
  link.textContent = "a part of this page did not come: " + (again ? "asking again" : "reload it");
  if (again) setTimeout(() => location.reload(), WAITS_MS[tries]);
});
