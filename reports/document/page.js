"use strict";
// Puts a chart that can be hovered and zoomed in the place of each drawing, when it comes into view.
(() => {
  const { charts, dark } = JSON.parse(document.getElementById("charts").textContent);
  const theme = matchMedia("(prefers-color-scheme: dark)");
  const shaded = (definition) =>
    theme.matches
      ? JSON.parse(JSON.stringify(definition).replace(/#[0-9a-f]{6}/gi, (colour) => dark[colour] ?? colour))
      : definition;

  async function draw(figure) {
    const definition = charts[figure.id.replace("chart-", "")];
    if (!definition) return;
    const [still, live] = [figure.querySelector(".still"), figure.querySelector(".live")];
    live.hidden = false;
    try {
      // `ast`: expressions are interpreted, since the policy of this page allows no other code.
      await vegaEmbed(live, shaded(definition), { actions: false, ast: true, renderer: "svg" });
      still.style.display = "none";
    } catch (error) {
      live.hidden = true;
      still.style.display = "";
      console.error(error);
    }
  }

  const figures = [...document.querySelectorAll("figure")];
  const seen = new Set();
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting || seen.has(target)) continue;
        seen.add(target);
        draw(target);
      }
    },
    { rootMargin: "400px" },
  );
  figures.forEach((figure) => watch.observe(figure));
  theme.addEventListener("change", () => seen.forEach(draw));

  // What is folded is printed, and opened by a link to it.
  const folded = [...document.querySelectorAll("details")];
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = folded.filter((part) => !part.open);
    closed.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
  const reveal = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target instanceof HTMLDetailsElement) target.open = true;
  };
  addEventListener("hashchange", reveal);
  reveal();
})();
