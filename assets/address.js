/* The address is the state: set writes it, parse reads it into the store hx-filter. Names: docs/api.md, query_params.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const OWN = ["from", "to", "zone", "refresh", "theme", "compare", "chart", "grid", "columns", "density", "request", "tab", "incident", "prompt", "server"];
  let config = { zone: "UTC", from: "now-24h", titles: {} };

  const text = (params) => params.toString().replace(/%3A/g, ":").replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%21=/g, "!=");
  const params = () => new URLSearchParams(location.search);

  /* patch: name -> text, list of texts, or null to take it away */
  function set(patch) {
    const now = params();
    for (const [name, value] of Object.entries(patch)) {
      now.delete(name);
      if (Array.isArray(value)) value.forEach((one) => now.append(name, one));
      else if (value !== null && value !== undefined && value !== "") now.set(name, value);
    }
    const written = text(now);
    const search = written ? "?" + written : "";
    if (search !== location.search) window.dash_clientside.set_props("hx-url", { search });
  }

  /* column -> values; of those to include, or (excluded) of those to leave out */
  function conditions(excluded, search) {
    const found = {};
    for (const [name, value] of new URLSearchParams(search === undefined ? location.search : search)) {
      if (OWN.includes(name) || name.endsWith("!") !== excluded) continue;
      const column = excluded ? name.slice(0, -1) : name;
      (found[column] = found[column] || []).push(value);
    }
    return found;
  }
  const where = (search) => conditions(false, search);
  const without = (search) => conditions(true, search);
  const rest = (values, value) => (values || []).filter((one) => one !== value);
  const turned = (values, value) => ((values || []).includes(value) ? rest(values, value) : [...(values || []), value]);

  /* include value, or take that back; exclude value, or take that back: it is never both */
  function toggle(column, value) {
    set({ [column]: turned(where()[column], value), [column + "!"]: rest(without()[column], value) });
  }
  function exclude(column, value) {
    set({ [column + "!"]: turned(without()[column], value), [column]: rest(where()[column], value) });
  }
  function clear() {
    const names = [...Object.keys(where()), ...Object.keys(without()).map((column) => column + "!")];
    set({ ...Object.fromEntries(names.map((name) => [name, null])), grid: null });
  }

  /* chart=<panel>.<type>[.log] */
  function charts(values) {
    const found = {};
    for (const value of values) {
      const [panel, type, scale] = value.split(".");
      if (panel && type) found[panel] = { type, log: scale === "log" };
    }
    return found;
  }
  function parse(search, before, settings) {
    const first = !config.pages;
    config = settings;
    if (first) { window.hx.keys.pages(config); window.hx.views.home(config); }
    const now = new URLSearchParams(search || "");
    let grid = null;
    try { grid = JSON.parse(now.get("grid")); } catch (error) { console.warn("the grid parameter is not JSON", error); }
    const state = {
      from: now.get("from") || config.from, to: now.get("to") || "now",
      where: where(search || ""), without: without(search || ""), zone: now.get("zone"),
      compare: now.get("compare") === "previous", charts: charts(now.getAll("chart")), grid,
    };
    return same(state, before) ? none() : state;
  }
  const zone = () => params().get("zone") || config.zone;

  window.hx = Object.assign(window.hx || {}, { set, toggle, exclude, clear, where, without, zone, text, config: () => config });
  const functions = (window.dash_clientside = window.dash_clientside || {});
  functions.hx = Object.assign(functions.hx || {}, { parse });
})();
