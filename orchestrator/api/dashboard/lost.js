// The page is made of modules: without one of them none runs, and nobody is left to say so but this.

addEventListener("error", ({ target }) => {
  if (target.tagName !== "SCRIPT") return;
  const link = document.getElementById("link");
  link.dataset.link = "gone";
  link.textContent = "a part of this page did not come: reload it";
}, true);
