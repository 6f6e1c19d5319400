"use strict";
// The bar below Locust's own page: what a run with the form as it stands would do.
(() => {
  const bar = document.getElementById("bedrock-bar");
  const plan = document.getElementById("bedrock-plan");
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
  let waiting;
  let asked = 0;

  function values(form) {
    const fields = new URLSearchParams();
    for (const field of form.querySelectorAll("input[name], select[name], textarea[name]")) {
      fields.append(snake(field.name), field.type === "checkbox" ? field.checked : field.value);
    }
    return fields;
  }

  async function show() {
    const form = document.querySelector("#root form");
    const number = ++asked;
    if (!form) {
      plan.textContent = "";
      return;
    }
    const answer = await fetch("./bedrock/plan.json", { method: "POST", body: values(form) });
    const said = answer.ok && !answer.redirected ? await answer.json() : { lines: [], mistakes: [] };
    if (number !== asked) return;
    plan.classList.toggle("mistake", said.mistakes.length > 0);
    plan.textContent = said.mistakes.length ? said.mistakes.join("\n") : said.lines.join("; ");
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => show().catch(() => {}), 300);
  }

  function theme() {
    const chosen = localStorage.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    bar.classList.toggle("dark", chosen === "dark");
  }

  document.addEventListener("input", soon);
  document.addEventListener("change", soon);
  document.addEventListener("click", () => setTimeout(theme, 50));
  // React draws the form when it likes, and takes it away when a run begins.
  new MutationObserver(() => {
    const has = Boolean(document.querySelector("#root form"));
    if (has !== (bar.dataset.form === "true")) {
      bar.dataset.form = has;
      soon();
    }
  }).observe(document.getElementById("root"), { childList: true, subtree: true });
  theme();
  soon();
})();
