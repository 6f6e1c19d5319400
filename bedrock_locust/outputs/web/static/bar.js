"use strict";
// The bar below Locust's own page: what a run with the form as it stands would do, or how far the run is.
(() => {
  const RUNNING_MS = 2000;
  const IDLE_MS = 10000;
  const STARTING_MS = 500;
  const bar = document.getElementById("bedrock-bar");
  const plan = document.getElementById("bedrock-plan");
  const report = document.getElementById("bedrock-report");
  const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
  // Before a run the form is in the page, later in a dialog beside it. Others, such as that of the login, have no users.
  const startForm = () =>
    [...document.querySelectorAll("form")].find((form) => form.querySelector("[name^=bedrock], [name=userCount]"));
  // The last field that is always shown: levels, model and most tokens come before the rest.
  const LAST_OPEN = "bedrockMaxTokens";
  const folded = new WeakSet();
  let waiting;
  let asked = 0;
  let run = null;
  let before;
  let polling;

  function values(form) {
    const fields = new URLSearchParams();
    for (const field of form.querySelectorAll("input[name], select[name], textarea[name]")) {
      fields.append(snake(field.name), field.type === "checkbox" ? field.checked : field.value);
    }
    return fields;
  }

  function tell(text, isMistake = false) {
    plan.classList.toggle("mistake", isMistake);
    if (plan.textContent !== text) plan.textContent = text;
  }

  // No picture of the page may pass for one of AWS.
  const running = () => (run ? `${run.simulator ? "Local simulator: " : ""}${run.line}` : "");

  // Locust greys out its own fields for users and ramp-up, and does not say why.
  const planned = (lines) => (lines.length ? `The levels set users and ramp-up: ${lines.join("; ")}` : "");

  async function show() {
    const form = startForm();
    const number = ++asked;
    if (!form) {
      tell(running());
      return;
    }
    const answer = await fetch("./bedrock/plan.json", { method: "POST", body: values(form) });
    const said = answer.ok && !answer.redirected ? await answer.json() : { lines: [], mistakes: [] };
    if (number !== asked) return;
    tell(said.mistakes.length ? said.mistakes.join("\n") : planned(said.lines), said.mistakes.length > 0);
  }

  function soon() {
    clearTimeout(waiting);
    waiting = setTimeout(() => show().catch(() => {}), 300);
  }

  async function follow() {
    clearTimeout(polling);
    try {
      const answer = await fetch("./bedrock/state.json", { cache: "no-store" });
      if (answer.ok && !answer.redirected) run = (await answer.json()).run;
    } catch { /* The server is gone, or comes back. */ }
    if (before !== undefined && run && run.name !== before && !run.ended_at) {
      location.assign("./bedrock/charts");
      return;
    }
    report.hidden = !(run && run.report);
    if (run && run.report) report.href = `./bedrock/runs/${run.name}/`;
    if (!startForm()) tell(running());
    const goesOn = run && !run.ended_at;
    polling = setTimeout(follow, before !== undefined ? STARTING_MS : goesOn ? RUNNING_MS : IDLE_MS);
  }

  // Locust shows all options in one long column. Each group of ours, which the label names as in "(Model: ...)", folds
  // under a heading; the fields stay where React has put them.
  function fold(form) {
    const fields = [...form.querySelectorAll("[name^=bedrock]")];
    const rest = fields.slice(fields.findIndex((field) => field.name === LAST_OPEN) + 1);
    if (!rest.length || rest.length === fields.length || folded.has(rest[0])) return;
    folded.add(rest[0]);
    let group = "";
    let inside = [];
    for (const field of rest) {
      const wrapper = alone(field);
      const name = (/\(([^(:]+):/.exec(wrapper.textContent) || ["", "Other"])[1].trim();
      if (name !== group) {
        group = name;
        inside = [];
        wrapper.before(heading(name, inside));
      }
      inside.push(wrapper);
      wrapper.classList.add("bedrock-folded");
    }
  }

  // The largest element that holds this field and no other.
  function alone(field) {
    let element = field;
    while (element.parentElement.querySelectorAll("[name]").length === 1) element = element.parentElement;
    return element;
  }

  function heading(name, inside) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "bedrock-group";
    button.textContent = name;
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const opens = button.getAttribute("aria-expanded") === "false";
      button.setAttribute("aria-expanded", String(opens));
      for (const element of inside) element.classList.toggle("bedrock-folded", !opens);
    });
    return button;
  }

  function theme() {
    const chosen = localStorage.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    bar.classList.toggle("dark", chosen === "dark");
  }

  document.addEventListener("input", soon);
  document.addEventListener("change", soon);
  document.addEventListener("click", () => setTimeout(theme, 50));
  document.addEventListener("submit", (event) => {
    if (event.target !== startForm()) return;
    before = run ? run.name : "";
    follow();
  }, true);
  // React draws the form when it likes, and takes it away when a run begins.
  new MutationObserver(() => {
    const form = startForm();
    const has = Boolean(form);
    if (has) fold(form);
    if (has !== (bar.dataset.form === "true")) {
      bar.dataset.form = has;
      soon();
    }
  }).observe(document.body, { childList: true, subtree: true });
  theme();
  soon();
  follow();
})();
