/* The request grid: how cells read, and how grid and address follow each other; see pages/requests. */
(function () {
  "use strict";
  const GRID = "hx-requests";
  const unknown = "—";
  const number = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: 0, maximumFractionDigits: digits });
  const formats = { 0: number(0), 1: number(1), 3: number(3) };
  const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 4, maximumFractionDigits: 6 });
  const clocks = {};
  function time(value) {
    if (value == null) return unknown;
    const zone = window.hx.zone().replace(/^UTC(?=[+-])/, "");
    if (!clocks[zone]) {
      const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false };
      try { clocks[zone] = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: zone }); }
      catch (error) { console.warn("this browser does not know the zone", zone); clocks[zone] = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: "UTC" }); }
    }
    return clocks[zone].format(new Date(value)).replace(",", ".");
  }
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.hxTime = time;
  functions.hxNumber = (value, digits) => (value == null ? unknown : formats[digits].format(value));
  functions.hxMoney = (value) => (value == null ? unknown : "$" + money.format(value));
  functions.hxFlag = (value) => (value == null ? unknown : value ? "yes" : "no");
  functions.hxWord = (value) => (value == null ? unknown : value);

  const tones = { success: "good", error: "bad", throttled: "warn", blocked: "info" };
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.HxStatus = (props) => props.value == null ? null
    : window.React.createElement("span", { className: "hx-tag", "data-tone": tones[props.value] || "none" }, props.value);

  const api = () => { try { return window.dash_ag_grid.getApi(GRID); } catch (error) { return null; /* not drawn yet */ } };
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

  let others = null, listening = null, asked = null;
  function listen(grid) {
    if (listening === grid) return;
    listening = grid;
    grid.addEventListener("modelUpdated", () => document.dispatchEvent(new CustomEvent("hx-rows")));
    grid.addEventListener("cellKeyDown", (event) => {
      if (event.event && event.event.key === "Enter" && event.data) window.hx.set({ request: event.data.row_id });
    });
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
  function gridded(request) {
    const grid = api();
    if (!request || !grid) return;
    asked = request;
    listen(grid);
    if (request.startRow !== 0) return;
    const now = text(request.filterModel, request.sortModel);
    if (restored !== grid) {
      let wanted = null;
      try { wanted = JSON.parse(parameter("grid")); } catch (error) { console.warn("the grid parameter is not JSON", error); }
      wanted = wanted && typeof wanted === "object" ? wanted : {};
      if (now !== text(wanted.filterModel, wanted.sortModel) && tried !== grid) {
        tried = grid;
        apply(grid, wanted);
        return;
      }
      restored = grid;
    }
    window.hx.set({ grid: now });
  }
  function regrid(filter) {
    const grid = api();
    if (!filter) return;
    const rest = JSON.stringify({ ...filter, grid: null });
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
  function keep(status) {
    const request = asked;
    /* the server could not answer this block: answer with what is there, else the grid would wait for ever */
    const grid = api(), card = document.getElementById("hx-grid");
    if (!status || !status.failed || !grid || !request || card.dataset.state !== "stale") return;
    const rows = [];
    for (let index = request.startRow; index < request.endRow; index += 1) {
      const node = grid.getDisplayedRowAtIndex(index);
      if (node && node.data) rows.push(node.data);
    }
    window.dash_clientside.set_props(GRID, { getRowsResponse: { rowData: rows, rowCount: Number(card.dataset.total) } });
  }
  document.addEventListener("hx-told", (event) => keep(event.detail));
  function livegrid(tick) {
    const grid = api();
    if (!grid || !tick || !tick.n) return;
    if (grid.getFirstDisplayedRowIndex() <= 0) grid.refreshInfiniteCache();
    else window.dash_clientside.set_props("hx-grid-probe", { data: { n: tick.n, filterModel: grid.getFilterModel() } });
  }
  function shownew() {
    const grid = api();
    if (!grid) return;
    window.dash_clientside.set_props("hx-grid-new", { hidden: true });
    grid.ensureIndexVisible(0);
    grid.refreshInfiniteCache();
  }
  const rowopen = (cell) => { if (cell && cell.rowId) window.hx.set({ request: cell.rowId }); };
  function columns(wanted) {
    const show = (left) => {
      const grid = api();
      if (!grid) { if (left) setTimeout(() => show(left - 1), 100); return; }
      const shown = new Set(wanted);
      for (const column of grid.getColumns()) {
        const name = column.getColId();
        if (column.isVisible() !== shown.has(name)) grid.setColumnsVisible([name], shown.has(name));
      }
    };
    if (wanted && document.getElementById("hx-grid-holder").childElementCount) show(50);
  }
  function exportbar(text) {
    const [done, all] = (String(text || "").match(/[\d,]+/g) || []).map((one) => Number(one.replace(/,/g, "")));
    return [String(done || 0), String(all || 1), !text];
  }
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    hxgrid: { gridded, regrid, livegrid, shownew, rowopen, columns, exportbar },
  });
})();
