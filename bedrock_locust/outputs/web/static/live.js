"use strict";
// The charts page: asks for the figures of the latest run and puts them into the charts and tables.
(() => {
  const RUNNING_MS = 2000;
  const IDLE_MS = 5000;
  const MOST_MS = 15000;
  // Vega keeps some of what it has drawn: after this number of updates a chart is drawn anew.
  const FRESH = 30;
  const LEVELS = [
    ["level", "Level"], ["load", "Load"], ["calls", "Calls"], ["success", "Success (%)"],
    ["requests_per_s", "Requests/s"], ["tokens_per_s", "Output tokens/s"],
    ["ttft_p50", "TTFT P50 (ms)"], ["ttft_p95", "TTFT P95 (ms)"], ["ttft_p99", "TTFT P99 (ms)"],
    ["tpot_p50", "TPOT P50 (ms)"], ["latency_p50", "Latency P50 (ms)"], ["latency_p95", "Latency P95 (ms)"],
    ["latency_p99", "Latency P99 (ms)"], ["client", "Client health"],
    ["arrivals", "Arrivals"], ["lateness_p50", "Lateness P50 (ms)"], ["lateness_p99", "Lateness P99 (ms)"],
    ["with_arrival", "Calls with an arrival"],
    ["scheduled_ttft_p95", "TTFT P95 from arrival (ms)"], ["scheduled_latency_p95", "Latency P95 from arrival (ms)"],
  ];
  const FAILURES = [
    ["category", "Category"], ["calls", "Calls"], ["level", "Level"],
    ["code", "AWS code and message of the first"], ["remedy", "What to do"],
  ];
  const DATA = ["points", "failures", "levels"];
  const status = document.getElementById("status");
  const report = document.getElementById("report");
  const stop = document.getElementById("stop");
  const number = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });
  let definitions;
  let views = {};
  let figures = { run: null };
  let drawing = Promise.resolve();
  let drawn = "";
  let updates = 0;

  const known = (value) => value !== null && value !== undefined;
  const shown = (value) => (typeof value === "number" ? number.format(value) : String(value));

  // Columns that no row has, as those of an open loop in a closed one, are left out.
  function table(id, all, rows) {
    const columns = all.filter(([key]) => rows.some((row) => known(row[key])));
    const cells = (kind, texts) => {
      const line = document.createElement("tr");
      texts.forEach(([text, isNumber]) => {
        const cell = line.appendChild(document.createElement(kind));
        cell.textContent = text;
        if (kind === "th") cell.scope = "col";
        if (isNumber) cell.className = "number";
      });
      return line;
    };
    const isNumber = (key) => rows.some((row) => typeof row[key] === "number");
    const head = cells("th", columns.map(([key, title]) => [title, isNumber(key)]));
    const body = rows.map((row) => cells("td", columns.map(([key]) => [known(row[key]) ? shown(row[key]) : "", isNumber(key)])));
    const none = document.createElement("caption");
    none.textContent = "None.";
    document.getElementById(id).replaceChildren(...(rows.length ? [head, ...body] : [none]));
  }

  function lastOf(keys, texts) {
    if (figures.run.ended_at) return "";
    const point = figures.points.findLast((one) => keys.every((key) => known(one[key])));
    return point ? texts(point) : "";
  }

  function lines() {
    const ms = (value) => `${shown(value)} ms`;
    const percents = (name, unit, divisor) =>
      lastOf([`${name}_p50`, `${name}_p95`], (point) =>
        `now P50 ${shown(point[`${name}_p50`] / divisor)} ${unit}, P95 ${shown(point[`${name}_p95`] / divisor)} ${unit}`);
    const failed = figures.failed.reduce((sum, row) => sum + row.calls, 0);
    return {
      ttft: percents("ttft", "ms", 1),
      latency: percents("latency", "s", 1000),
      tokens: lastOf(["tokens_per_s"], (point) => `now ${shown(point.tokens_per_s)}`),
      requests: lastOf(["requests_per_s"], (point) => `now ${shown(point.requests_per_s)}`),
      in_flight: lastOf(["users"], (point) => `now ${shown(point.users)} user${point.users === 1 ? "" : "s"}`),
      failures: failed ? `${shown(failed)} in all` : "none so far",
    };
  }

  function say() {
    const run = figures.run;
    if (!run) {
      status.textContent = "No run has begun yet. Start one in Locust's form; this page follows it.";
      return;
    }
    const reason = run.reason ? ` (${run.reason})` : "";
    status.textContent = `${run.model}: ${run.line}${reason}; a point is ${figures.width_s} s`;
    stop.hidden = run.state !== "running";
    report.hidden = !run.report;
    if (run.report) report.href = `runs/${run.name}/`;
  }

  // What a chart needs: drawn without it, Vega makes endless axes.
  const hasPoint = (key) => figures.points.some((point) => known(point[key]));
  const needs = {
    ttft: () => hasPoint("ttft_p50"),
    latency: () => hasPoint("latency_p50"),
    tokens: () => hasPoint("tokens_per_s"),
    requests: () => hasPoint("requests_per_s"),
    in_flight: () => hasPoint("users"),
    failures: () => figures.failures.length > 0,
  };

  async function draw(name, definition) {
    const place = document.getElementById(`chart-${name}`);
    const datasets = Object.fromEntries(DATA.map((data) => [data, figures[data]]));
    // `ast`: expressions are interpreted, since the policy of this page allows no other code.
    const options = { actions: false, ast: true, renderer: "svg" };
    views[name] = await vegaEmbed(place, { ...definition, datasets }, options);
  }

  function clear(name) {
    if (views[name]) views[name].finalize();
    delete views[name];
    const none = document.createElement("p");
    none.className = "empty";
    none.textContent = name === "failures" ? "No failures." : "Nothing to show yet.";
    document.getElementById(`chart-${name}`).replaceChildren(none);
  }

  async function refresh(name) {
    const { view } = views[name];
    for (const data of DATA) {
      // A chart has only those of the data sets that it draws.
      try { view.data(data, figures[data]); } catch { continue; }
    }
    await view.runAsync();
  }

  async function update() {
    if (!figures.run) return;
    const theme = document.documentElement.dataset.theme;
    if (drawn !== theme || ++updates % FRESH === 0) Object.keys(views).forEach(clear);
    drawn = theme;
    for (const [name, definition] of Object.entries(definitions[theme])) {
      if (!needs[name]()) clear(name);
      else if (views[name]) await refresh(name);
      else await draw(name, definition);
    }
    for (const [name, text] of Object.entries(lines())) {
      document.getElementById(`last-${name}`).textContent = text;
    }
    table("levels", LEVELS, figures.rows);
    table("failed", FAILURES, figures.failed);
  }

  function queue(work) {
    drawing = drawing.then(work).catch((error) => {
      status.textContent = `The charts cannot be drawn: ${error.message}`;
    });
    return drawing;
  }

  async function poll() {
    if (!document.hidden) {
      try {
        const answer = await fetch("live.json", { cache: "no-store" });
        if (answer.redirected || !answer.ok) throw new Error(answer.redirected ? "logged out" : answer.status);
        figures = await answer.json();
        say();
        await queue(update);
      } catch (error) {
        status.textContent = `No figures: ${error.message}. Trying again.`;
      }
    }
    const running = figures.run && !figures.run.ended_at;
    // A point more comes as often as points are far apart.
    setTimeout(poll, running ? Math.min(MOST_MS, Math.max(RUNNING_MS, 1000 * figures.width_s)) : IDLE_MS);
  }

  stop.addEventListener("click", async () => {
    stop.disabled = true;
    try {
      const answer = await fetch("../stop", { method: "POST" });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
    } catch (error) {
      status.textContent = `The run could not be stopped: ${error.message}. Use the Stop button in Locust's page.`;
    }
    stop.disabled = false;
  });

  async function begin() {
    const answer = await fetch("charts.json");
    if (!answer.ok) throw new Error(await answer.text());
    definitions = await answer.json();
    document.addEventListener("theme", () => queue(update));
    await poll();
  }

  begin().catch((error) => { status.textContent = `The charts cannot be drawn: ${error.message}`; });
})();
