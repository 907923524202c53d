/* The columns of the request grid: in the address (columns=name:width,…), else as this browser showed them last, else the
   usual ones. Grid, picker and address follow each other; see pages/requests/columns.py. */
(function () {
  "use strict";
  const KEPT = "hx-columns", FIRST = "time";
  const { api, parameter, onReady } = window.hxGrid;
  const box = () => document.getElementById("hx-columns-picker");
  const known = () => JSON.parse(box().dataset.columns);
  const usual = () => JSON.parse(box().dataset.usual).map((name) => [name, null]);
  const written = (list) => list.map(([name, width]) => (width === null ? name : `${name}:${width}`)).join(",");

  function read(text) {
    const names = new Set(known().map((column) => column.name)), found = new Map([[FIRST, null]]);
    for (const part of (text || "").split(",")) {
      const [name, width] = part.split(":");
      if (names.has(name)) found.set(name, /^\d{2,3}$/.test(width) ? Number(width) : null);
    }
    return found.size > 1 ? [...found] : usual();
  }
  let kept = null; /* chosen, and not yet in the address */
  const shown = () => kept || read(parameter("columns") || localStorage.getItem(KEPT));

  const SMALL = matchMedia("(max-width: 600px)"), SMALL_FIRST = 136;
  const usualWidths = () => Object.fromEntries(known().map((column) => [column.name, column.name === FIRST && SMALL.matches ? SMALL_FIRST : column.width]));

  /* what the grid shows now; a width that nobody changed is not worth a word */
  function current(grid) {
    const widths = usualWidths();
    const state = grid.getColumnState().filter((column) => !column.hide);
    return state.map(({ colId, width }) => [colId, Math.round(width) === widths[colId] ? null : Math.round(width)]);
  }
  function apply(grid, list) {
    const widths = usualWidths();
    grid.applyColumnState({
      state: list.map(([colId, width]) => ({ colId, hide: false, width: width === null ? widths[colId] : width })),
      defaultState: { hide: true }, applyOrder: true,
    });
  }
  /* rows hold the columns that are shown: one that comes in has to be fetched */
  let fetched = null;
  function fetch(grid, names) {
    const had = fetched || new Set(usual().map(([name]) => name));
    fetched = new Set(names);
    if (names.every((name) => had.has(name))) return;
    window.hxGrid.put("hx-export-columns", { data: names });
    grid.refreshInfiniteCache();
  }
  function show(list) {
    const grid = api(), names = list.map(([name]) => name);
    if (grid && written(current(grid)) !== written(list)) apply(grid, list);
    if (grid) fetch(grid, names);
    draw(list);
    return names;
  }
  /* a person changed something: it goes into the address, and is what this browser shows next time */
  function keep(list) {
    const text = written(list), plain = text === written(usual());
    if (plain) localStorage.removeItem(KEPT); else localStorage.setItem(KEPT, text);
    kept = list;
    setTimeout(() => { kept = null; }, 500);
    window.hx.set({ columns: plain ? null : text });
    window.hxGrid.put("hx-export-columns", { data: show(list) });
  }
  function follow() {
    kept = null;
    return box() ? show(shown()) : window.dash_clientside.no_update;
  }
  let waiting = null;
  function changed(grid) {
    clearTimeout(waiting);
    waiting = setTimeout(() => { const list = current(grid); if (box() && written(list) !== written(shown())) keep(list); }, 200);
  }
  onReady((grid) => {
    const list = shown();
    if (written(current(grid)) !== written(list)) apply(grid, list);
    fetched = null;
    fetch(grid, list.map(([name]) => name));
    grid.addEventListener("columnMoved", (event) => { if (event.finished) changed(grid); });
    grid.addEventListener("columnResized", (event) => { if (event.finished) changed(grid); });
    grid.addEventListener("columnVisible", () => changed(grid));
  });

  /* ---- the picker ---- */
  function made(kind, props, ...children) {
    const node = document.createElement(kind);
    for (const [name, value] of Object.entries(props)) { if (name in node) node[name] = value; else node.setAttribute(name, value); }
    node.append(...children);
    return node;
  }
  const symbol = (name) => made("span", { className: `hx-icon hx-icon--${name}`, "aria-hidden": "true" });
  function mover(column, step, words) {
    return made("button", { className: "hx-column__move", type: "button", "data-step": String(step), "aria-label": `Move ${column.title} ${words}`, title: `Move ${words}` }, symbol("chevron-down"));
  }
  function line(column) {
    const tick = made("input", { type: "checkbox", className: "form-check-input", id: `hx-column-${column.name}`, disabled: column.name === FIRST });
    const label = made("label", { className: "hx-check", htmlFor: tick.id, title: column.help }, column.title);
    const item = made("li", { className: "hx-column" }, symbol("grip-vertical"), tick, label, mover(column, -1, "up"), mover(column, 1, "down"));
    item.dataset.column = column.name;
    return item;
  }
  let sought = "";
  /* the lines are moved, never made anew: the one that was clicked must stay in its layer */
  function draw(list) {
    const holder = box();
    if (!holder.childElementCount) build(holder);
    const there = list.map(([name]) => name), order = [...there, ...known().map((column) => column.name).filter((name) => !there.includes(name))];
    const had = document.activeElement, focused = had && had.closest(".hx-column");
    const lines = order.map((name) => holder.querySelector(`[data-column="${name}"]`));
    for (const item of lines) {
      const on = there.includes(item.dataset.column), moves = on && item.dataset.column !== FIRST;
      item.querySelector("input").checked = on;
      item.draggable = moves;
      for (const button of item.querySelectorAll("[data-step]")) button.hidden = !moves;
    }
    if (lines.some((item, index) => item !== holder.querySelector("ol").children[index])) holder.querySelector("ol").append(...lines);
    find(sought);
    if (focused && had !== document.activeElement) { had.focus(); focused.scrollIntoView({ block: "nearest" }); }
  }
  function find(text) {
    sought = text.trim().toLowerCase();
    for (const item of box().querySelectorAll(".hx-column")) item.hidden = !item.textContent.toLowerCase().includes(sought);
  }
  function build(holder) {
    const field = made("input", { type: "search", className: "hx-input", placeholder: "Find a column", "aria-label": "Find a column" });
    field.addEventListener("input", () => find(field.value));
    const all = made("button", { type: "button", className: "hx-link" }, "All columns");
    all.addEventListener("click", () => { const list = shown(), there = new Set(list.map(([name]) => name)); keep([...list, ...known().filter((column) => !there.has(column.name)).map((column) => [column.name, null])]); });
    const reset = made("button", { type: "button", className: "hx-link" }, "Reset");
    reset.addEventListener("click", () => keep(usual()));
    const told = made("span", { className: "hx-sr", role: "status" });
    holder.append(field, made("ol", { className: "hx-columns__list", "aria-label": "Columns in their order" }, ...known().map(line)), made("div", { className: "hx-columns__foot" }, all, reset), told);
    holder.addEventListener("change", (event) => { const item = event.target.closest(".hx-column"); if (item) tick(item.dataset.column, event.target.checked); });
    holder.addEventListener("click", (event) => { const button = event.target.closest("[data-step]"); if (button) move(button.closest(".hx-column").dataset.column, Number(button.dataset.step)); });
    holder.addEventListener("keydown", (event) => {
      const item = event.target.closest(".hx-column"), step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!item || !step || !event.altKey) return;
      event.preventDefault();
      move(item.dataset.column, step);
    });
    drags(holder);
  }
  function tick(name, on) {
    const list = shown().filter(([one]) => one !== name);
    keep(on ? [...list, [name, null]] : list);
  }
  function place(name, index) {
    const list = shown(), from = list.findIndex(([one]) => one === name);
    const [one] = list.splice(from, 1);
    const to = Math.max(1, Math.min(list.length, index)); /* behind the first, which stays */
    list.splice(to, 0, one);
    keep(list);
    const title = known().find((column) => column.name === name).title;
    box().querySelector("[role=status]").textContent = `${title}: ${to + 1} of ${list.length}`;
  }
  const move = (name, step) => place(name, shown().findIndex(([one]) => one === name) + step);
  function drags(holder) {
    let dragged = null;
    const over = (event) => { const item = event.target.closest(".hx-column[draggable=true]"); return dragged && item && item !== dragged ? item : null; };
    holder.addEventListener("dragstart", (event) => { dragged = event.target.closest(".hx-column"); event.dataTransfer.effectAllowed = "move"; });
    holder.addEventListener("dragover", (event) => {
      for (const item of holder.querySelectorAll("[data-over]")) delete item.dataset.over;
      const item = over(event);
      if (item) { event.preventDefault(); item.dataset.over = ""; }
    });
    holder.addEventListener("drop", (event) => {
      const item = over(event);
      if (!item) return;
      event.preventDefault();
      place(dragged.dataset.column, shown().findIndex(([one]) => one === item.dataset.column));
    });
    holder.addEventListener("dragend", () => { dragged = null; for (const item of holder.querySelectorAll("[data-over]")) delete item.dataset.over; });
  }

  window.hxColumns = { shown };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxcolumns: { follow } });
})();
