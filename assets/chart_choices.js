/* Several ways to look at one chart (data-view buttons in its head), and the way from a mark to the requests in it.
   See ui/panel.py (views) and ui/charts_spread.py (opens). */
(function () {
  "use strict";
  const charts = window.hxcharts, whole = {}, picked = {};
  const said = () => new URLSearchParams(location.search).getAll("chart");
  const asked = (name) => (said().map((text) => text.split(".")).find((parts) => parts[0] === name) || [])[1];

  function viewed(name, payload) {
    if (!payload.views) { delete whole[name]; return payload; }
    whole[name] = payload;
    const wanted = picked[name] === undefined ? asked(name) : picked[name];
    const view = payload.views[wanted] ? wanted : payload.view;
    for (const button of document.querySelectorAll(`[data-view-of="${name}"]`)) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    return payload.views[view];
  }
  function show(name) {
    if (whole[name]) charts.receive(name, whole[name]);
  }
  function pick(button) {
    const { view, viewOf: name } = button.dataset;
    if (!whole[name]) return;
    picked[name] = view;
    const others = said().filter((text) => text.split(".")[0] !== name);
    window.hx.set({ chart: view === whole[name].view ? others : [...others, `${name}.${view}`] });
    show(name);
  }
  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-view]");
    if (found) pick(found);
  });
  /* back and forward may bring another one */
  window.addEventListener("popstate", () => setTimeout(() => {
    for (const name of Object.keys(whole)) { delete picked[name]; if (document.getElementById(`hx-${name}`)) show(name); }
  }, 50));

  /* the requests of a mark: the page's filters, the panel's own, and tests of the grid (column -> [lowest, highest]) */
  function open(name, tests) {
    const test = ([low, high]) => (high === undefined ? { filterType: "number", type: "greaterThanOrEqual", filter: low } : { filterType: "number", type: "inRange", filter: low, filterTo: high });
    const filterModel = Object.fromEntries(Object.entries(tests).map(([column, ends]) => [column, test(ends)]));
    const link = document.querySelector(`[data-open="${name}"]`);
    if (!link) return;
    const address = new URL(charts.target(link), location);
    address.searchParams.set("grid", JSON.stringify({ filterModel }));
    window.dash_clientside.set_props("hx-url", { pathname: address.pathname, search: "?" + window.hx.text(address.searchParams) });
  }
  Object.assign(charts, { viewed, open });
})();
