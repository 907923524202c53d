/* A chart as a table, as a CSV file, as words: the panel's menu and the walk with the arrow keys; see ui/panel.py. */
(function () {
  "use strict";
  const charts = window.hxcharts, tables = new Set(), places = {};
  const byId = (name, part) => document.getElementById(`hx-${name}-${part}`);

  /* ---- one form of the figures for all of them ---- */
  function zoned(payload, index) {
    const found = payload.time.offsets.filter(([bucket]) => bucket <= index).pop() || [0, 0];
    const minutes = Math.abs(found[1]), two = (number) => String(number).padStart(2, "0");
    return new Date(payload.x[index]).toISOString().slice(0, 19) + (found[1] ? (found[1] < 0 ? "-" : "+") + two(Math.floor(minutes / 60)) + ":" + two(minutes % 60) : "Z");
  }
  function moment(payload, index) {
    const step = payload.x.length > 1 ? payload.x[1] - payload.x[0] : 0;
    const text = new Date(payload.x[index]).toISOString();
    return step >= 86400000 ? text.slice(0, 10) : text.slice(0, 16).replace("T", " ");
  }
  /* {corner, columns: [name], units: [unit], rows: [{label, iso, values}]} */
  function grid(name) {
    const payload = charts.shown[name];
    if (payload.kind !== "time") {
      const { head, rows, units } = payload.table;
      return { corner: head[0], columns: head.slice(1), units, rows: rows.map((row) => ({ label: row[0], iso: row[0], values: row.slice(1) })) };
    }
    const columns = payload.series.map((one) => ({ name: one.name, y: one.y }));
    if (payload.adds && columns.length > 1) {
      const sums = payload.x.map((_, index) => payload.series.reduce((sum, one) => (one.y[index] === null ? sum : (sum || 0) + one.y[index]), null));
      columns.unshift({ name: "All", y: sums });
    }
    for (const one of payload.series) if (one.before) columns.push({ name: `${one.name}, ${payload.past.name.toLowerCase()}`, y: one.before });
    if (payload.past && payload.past.y && payload.past.y.length) columns.push({ name: payload.past.name, y: payload.past.y });
    if (payload.band) columns.push({ name: `${payload.band.name}, low`, y: payload.band.low }, { name: `${payload.band.name}, high`, y: payload.band.high });
    const open = payload.time.open ? payload.x.length - 1 : -1;
    return {
      corner: "Time", columns: columns.map((one) => one.name), units: columns.map(() => payload.unit),
      rows: payload.x.map((_, index) => ({ label: moment(payload, index) + (index === open ? " (so far)" : ""), iso: zoned(payload, index), values: columns.map((one) => (one.y[index] === undefined ? null : one.y[index])) })),
    };
  }
  const word = (value, unit) => (typeof value === "string" ? value : charts.words(value, unit || {}));

  /* ---- the table ---- */
  function cell(kind, text, scope, number) {
    const made = document.createElement(kind);
    made.textContent = text;
    if (scope) made.scope = scope;
    if (number) made.className = "hx-number";
    return made;
  }
  function fill(name) {
    const box = byId(name, "numbers");
    if (!box || !charts.shown[name]) return;
    const model = grid(name), table = document.createElement("table"), sentence = document.createElement("p");
    sentence.className = "hx-panel__says";
    sentence.textContent = charts.shown[name].says || "";
    table.className = "hx-table hx-table--dense";
    table.createTHead().insertRow().append(cell("th", model.corner, "col"), ...model.columns.map((text) => cell("th", text, "col", true)));
    const body = table.createTBody();
    for (const row of model.rows) body.insertRow().append(cell("th", row.label, "row"), ...row.values.map((value, index) => cell("td", word(value, model.units[index]), null, true)));
    const [top, left] = [box.scrollTop, box.scrollLeft];
    box.replaceChildren(sentence, table);
    [box.scrollTop, box.scrollLeft] = [top, left];
  }
  function flip(name) {
    const shown = !tables.has(name), box = byId(name, "numbers");
    if (shown) { tables.add(name); fill(name); } else { tables.delete(name); box.replaceChildren(); }
    box.tabIndex = shown ? 0 : -1;
    document.getElementById(`hx-${name}`).toggleAttribute("data-as-table", shown);
    if (shown) box.focus({ preventScroll: true });
  }

  /* ---- the file ---- */
  function plain(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toFixed(12).replace(/\.?0+$/, "");
    const text = /^[=+\-@\t\r]/.test(value) ? "'" + value : value; /* a spreadsheet would run it */
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  }
  function csv(name) {
    const model = grid(name), lines = [[model.corner, ...model.columns], ...model.rows.map((row) => [row.iso, ...row.values])];
    return lines.map((line) => line.map(plain).join(",") + "\r\n").join("");
  }
  function file(name) {
    const params = new URLSearchParams(location.search), payload = charts.shown[name];
    const span = payload.kind === "time" ? [payload.time.start, payload.time.end].map((ms) => new Date(ms).toISOString().slice(0, 16)) : [params.get("from") || "now-24h", params.get("to") || "now"];
    return `${document.getElementById(`hx-${name}-heading`).textContent} ${span.join(" to ")}`.toLowerCase().replace(/:/g, "").replace(/[^a-z0-9-]+/g, "-") + ".csv";
  }
  function download(name) {
    const link = document.createElement("a"), address = URL.createObjectURL(new Blob([csv(name)], { type: "text/csv" }));
    link.href = address;
    link.download = file(name);
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  /* ---- the menu ---- */
  charts.target = target;
  const PAGE_ONLY = ["grid", "request", "tab", "chart", "compare", "columns", "server"];
  function target(link) {
    const params = new URLSearchParams(location.search), name = link.dataset.open, payload = charts.shown[name];
    PAGE_ONLY.forEach((own) => params.delete(own));
    const more = JSON.parse(link.dataset.where || "{}");
    const single = payload && payload.series && payload.series.find((one) => one.name === charts.alone[name]);
    if (single && single.where) more[single.where[0]] = [single.where[1]];
    for (const [column, values] of Object.entries(more)) { params.delete(column); values.forEach((value) => params.append(column, value)); }
    const text = window.hx.text(params);
    return window.hx.config().prefix + "requests" + (text ? "?" + text : "");
  }
  function prepare(menu) {
    const name = menu.dataset.menu, payload = charts.shown[name];
    if (!payload) return;
    const choice = charts.chosen(name), types = payload.types || [];
    for (const button of menu.querySelectorAll("[data-chart-type]")) {
      button.hidden = types.length < 2 || !types.includes(button.dataset.chartType);
      button.setAttribute("aria-pressed", String(!choice.log && button.dataset.chartType === choice.as));
    }
    const log = menu.querySelector("[data-chart-log]");
    log.hidden = payload.kind !== "time";
    log.setAttribute("aria-pressed", String(choice.log));
    menu.querySelector(".hx-menu__rule").hidden = payload.kind !== "time";
    const table = menu.querySelector("[data-table]");
    table.setAttribute("aria-pressed", String(tables.has(name)));
    table.lastElementChild.textContent = tables.has(name) ? "Show as a chart" : "Show as a table";
    const link = menu.querySelector("[data-open]");
    if (link) link.href = target(link);
  }
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.dataset && event.target.id.endsWith("-menu")) prepare(event.target.querySelector("[data-menu]"));
  }, true);
  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-chart-type], [data-chart-log], [data-table], [data-csv]");
    if (!found) return;
    const menu = found.closest("[data-menu]"), name = menu.dataset.menu;
    if (found.dataset.chartType) charts.choose(name, { as: found.dataset.chartType, log: false });
    else if (found.hasAttribute("data-chart-log")) charts.choose(name, { log: !charts.chosen(name).log });
    else if (found.hasAttribute("data-table")) flip(name);
    else download(name);
    menu.closest("details").open = false;
  });

  /* ---- by arrow keys, from point to point ---- */
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-Infinity, 0], End: [Infinity, 0] };
  const within = (number, size) => Math.max(0, Math.min(size - 1, number));
  function walk(event) {
    const plot = event.target.closest && event.target.closest(".hx-panel__plot");
    if (!plot || event.target !== plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const name = plot.dataset.chart, payload = charts.shown[name];
    if (!payload) return;
    const model = grid(name), graph = plot.querySelector(".js-plotly-plot");
    if (event.key === "Enter" && places[name]) return void enter(event, name, model);
    if (event.key === "Escape") { if (graph && window.Plotly) window.Plotly.Fx.unhover(graph); delete places[name]; return; }
    const step = STEPS[event.key];
    if (!step || !model.rows.length) return;
    event.preventDefault();
    event.stopPropagation();
    const at = places[name] || [step[0] < 0 ? model.rows.length : -1, 0];
    /* the first step lands on the first point, whichever arrow it was */
    const next = places[name] || step[0] ? [within(at[0] + step[0], model.rows.length), within(at[1] + step[1], model.columns.length)] : [0, 0];
    places[name] = next;
    const row = model.rows[next[0]];
    byId(name, "spoken").textContent = `${row.label}, ${model.columns[next[1]]}: ${word(row.values[next[1]], model.units[next[1]])}`;
    charts.point(name, next[0]);
  }
  function enter(event, name, model) {
    const column = model.columns[places[name][1]], payload = charts.shown[name];
    const series = payload.series && payload.series.find((one) => one.name === column);
    if (!series || !series.where) return;
    event.preventDefault();
    (event.shiftKey && window.hx.exclude ? window.hx.exclude : window.hx.toggle)(series.where[0], series.where[1]);
  }
  document.addEventListener("keydown", walk, true);
  document.addEventListener("focusout", (event) => {
    const plot = event.target.closest && event.target.closest(".hx-panel__plot");
    if (plot && event.target === plot) { delete places[plot.dataset.chart]; charts.point(plot.dataset.chart, null); }
  });

  /* from chart to chart: after the last one comes the first */
  function next() {
    const plots = [...document.querySelectorAll(".hx-panel__plot")].filter((plot) => plot.offsetParent);
    const at = plots.indexOf(document.activeElement);
    if (plots.length) plots[(at + 1) % plots.length].focus();
  }
  window.addEventListener("load", () => window.hx.keys.add({ keys: "w", title: "Go to the next chart; arrow keys walk over its points", group: "This view", run: next }));

  charts.changed = (name) => { if (tables.has(name)) fill(name); };
  charts.csv = csv;
})();
