/* The request grid: how grid and address follow each other; see pages/requests. */
(function () {
  "use strict";
  const GRID = "hx-requests";
  const api = () => { try { return window.dash_ag_grid.getApi(GRID); } catch (error) { return null; /* not drawn yet */ } };
  const card = () => document.getElementById("hx-grid");
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const parameter = (name) => new URLSearchParams(location.search).get(name);
  const empty = (value) => !value || Object.keys(value).length === 0;
  const newest = (order) => empty(order) || (order.length === 1 && order[0].colId === "time" && order[0].sort === "desc");
  function text(model, order) {
    const kept = {};
    if (!empty(model)) kept.filterModel = model;
    if (!newest(order)) kept.sortModel = order.map(({ colId, sort }) => ({ colId, sort }));
    return empty(kept) ? null : JSON.stringify(kept);
  }
  const order = (grid) => grid.getColumnState().filter((one) => one.sort).map(({ colId, sort }) => ({ colId, sort }));
  /* the grid of the address: filterModel and sortModel, whatever somebody has written there */
  function asked() {
    let found = null;
    try { found = JSON.parse(parameter("grid")); } catch (error) { console.warn("the grid parameter is not JSON", error); }
    return found && typeof found === "object" ? found : {};
  }

  /* the grid is placed once, with what the address says at that moment */
  function wanted(filter, there) {
    if (!filter || there) return window.dash_clientside.no_update;
    return { grid: filter.grid, columns: window.hxColumns.shown() };
  }

  let others = null, listening = null, request = null;
  const listeners = [];
  function listen(grid) {
    if (listening === grid) return;
    listening = grid;
    grid.addEventListener("modelUpdated", () => document.dispatchEvent(new CustomEvent("hx-rows")));
    grid.addEventListener("cellKeyDown", (event) => {
      if (event.event && event.event.key === "Enter" && event.data) window.hx.set({ request: event.data.row_id });
    });
    for (const listener of listeners) listener(grid);
  }
  function apply(grid, wanted) {
    const order = Array.isArray(wanted.sortModel) ? wanted.sortModel : [{ colId: "time", sort: "desc" }];
    const model = wanted.filterModel && typeof wanted.filterModel === "object" ? wanted.filterModel : null;
    grid.applyColumnState({ state: order, defaultState: { sort: null } });
    grid.setFilterModel(model);
  }
  /* A new grid may ask for its first rows before it has taken over the filter of the address. Until it has, what it
     asks is not a person's wish and must not be written into the address. */
  let restored = null, tried = null;
  function gridded(now) {
    const grid = api();
    if (!now || !grid) return;
    request = now;
    listen(grid);
    if (now.startRow !== 0) return;
    const is = text(now.filterModel, now.sortModel);
    if (restored !== grid) {
      const wanted = asked();
      if (is !== text(wanted.filterModel, wanted.sortModel) && tried !== grid) {
        tried = grid;
        apply(grid, wanted);
        return;
      }
      restored = grid;
    }
    window.hx.set({ grid: is });
  }
  function regrid(filter) {
    const grid = api();
    if (!filter) return;
    const rest = JSON.stringify({ ...filter, grid: null, charts: null, compare: null });
    const changed = others !== null && others !== rest;
    others = rest;
    if (!grid) return;
    const wanted = filter.grid || {};
    if (text(grid.getFilterModel(), order(grid)) !== text(wanted.filterModel, wanted.sortModel)) {
      apply(grid, wanted);
    } else if (changed) {
      grid.ensureIndexVisible(0);
      grid.purgeInfiniteCache();
    }
  }
  /* the server could not answer this block: answer with what is there, else the grid would wait for ever */
  function keep(failed) {
    const grid = api();
    if (!failed || !grid || !request || card().dataset.state !== "stale") return;
    const rows = [];
    for (let index = request.startRow; index < request.endRow; index += 1) {
      const node = grid.getDisplayedRowAtIndex(index);
      if (node && node.data) rows.push(node.data);
    }
    put(GRID, { getRowsResponse: { rowData: rows, rowCount: Number(card().dataset.total) } });
  }
  const rowopen = (cell) => { if (cell && cell.rowId) window.hx.set({ request: cell.rowId }); };

  /* ---- density: in the address, else as this browser had it last ---- */
  const dense = () => (parameter("density") || localStorage.getItem("hx-density")) === "dense";
  function dress() {
    document.documentElement.dataset.density = dense() ? "dense" : "comfortable";
    const grid = api();
    if (!grid) return; /* it takes the heights from the style sheet */
    const size = (name) => parseInt(getComputedStyle(document.documentElement).getPropertyValue(name), 10);
    grid.setGridOption("rowHeight", size("--grid-row"));
    grid.setGridOption("headerHeight", size("--grid-head"));
  }
  dress();
  function density() {
    if (window.dash_clientside.callback_context.triggered_id === "hx-density") {
      const now = dense() ? "comfortable" : "dense";
      localStorage.setItem("hx-density", now);
      window.hx.set({ density: now });
    }
    dress();
    return String(dense());
  }

  function exportbar(text) {
    const [done, all] = (String(text || "").match(/[\d,]+/g) || []).map((one) => Number(one.replace(/,/g, "")));
    return [String(done || 0), String(all || 1), !text];
  }
  window.hxGrid = { api, card, put, parameter, asked, onReady: (listener) => listeners.push(listener) };
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    hxgrid: { wanted, gridded, regrid, keep, rowopen, density, exportbar },
  });
})();
