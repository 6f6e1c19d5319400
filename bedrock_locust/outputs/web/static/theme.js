"use strict";
// Light or dark, as chosen in Locust's own page or in the browser.
(() => {
  const root = document.documentElement;
  const chosen = () =>
    localStorage.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  function apply() {
    root.dataset.theme = chosen();
    document.dispatchEvent(new Event("theme"));
  }

  apply();
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      localStorage.theme = chosen() === "dark" ? "light" : "dark";
      apply();
    });
    for (const time of document.querySelectorAll("time[data-unix]")) {
      time.textContent = new Date(1000 * time.dataset.unix).toLocaleString();
    }
  });
})();
