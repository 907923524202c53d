/* Charts: legend, table, clicks on marks, brushing; see ui/panel.py and ui/shell.py (wire_chart). */
(function () {
  "use strict";
  const set = (patch) => window.hx.set(patch);
  const toggle = (column, value) => window.hx.toggle(column, value);
  const figures = {}, alone = {}, tables = new Set();

  /* ---- drawing ---- */
  function visible(name, figure) {
    const chosen = figure.data.some((trace) => trace.name === alone[name]) ? alone[name] : null;
    if (!chosen) return figure;
    return { ...figure, data: figure.data.map((trace) => ({ ...trace, visible: trace.name === chosen })) };
  }
  function legend(name, figure) {
    const box = document.getElementById(`hx-${name}-legend`);
    const wanted = JSON.stringify(figure.data.map((trace) => [trace.name, trace.marker.color]));
    if (box && box.dataset.drawn === wanted && (box.childElementCount || figure.data.length < 2)) return window.dash_clientside.no_update;
    if (box) box.dataset.drawn = wanted;
    if (figure.data.length < 2) return [];
    const part = (type, props) => ({ type, namespace: "dash_html_components", props });
    return figure.data.map((trace) => part("Button", {
      className: "hx-legend__item", type: "button", title: `Only ${trace.name}`, "data-only": name, "data-name": trace.name, "aria-pressed": "true",
      children: [
        part("Span", { className: "hx-legend__mark" + (trace.type === "bar" ? "" : " hx-legend__mark--line"), style: { "--mark": trace.marker.color } }),
        part("Span", { children: trace.name }),
      ],
    }));
  }
  function draw(figure) {
    const name = window.dash_clientside.callback_context.triggered_id.replace(/^hx-|-data$/g, "");
    if (!figure) return [window.dash_clientside.no_update, window.dash_clientside.no_update];
    figures[name] = figure;
    if (tables.has(name)) number(name);
    return [visible(name, figure), legend(name, figure)];
  }
  function only(button) {
    const { only: name, name: layer } = button.dataset;
    alone[name] = alone[name] === layer ? null : layer;
    for (const one of button.parentElement.children) one.setAttribute("aria-pressed", String(!alone[name] || one.dataset.name === alone[name]));
    window.dash_clientside.set_props(`hx-${name}-figure`, { figure: visible(name, figures[name]) });
  }

  /* ---- the same figures as a table ---- */
  const times = (trace) => (trace.x ? trace.x : (trace.y || []).map((_, index) => trace.x0 + index * trace.dx));
  function cell(kind, text, scope) {
    const made = document.createElement(kind);
    made.textContent = text;
    if (scope) made.scope = scope; else made.className = "hx-number";
    return made;
  }
  function number(name) {
    const box = document.getElementById(`hx-${name}-numbers`), figure = figures[name];
    if (!box || !figure) return;
    const axis = figure.layout.yaxis;
    const words = (value) => value === null || value === undefined ? "—" : (axis.tickprefix || "") + value.toLocaleString("en-US", { maximumSignificantDigits: 6 }) + (axis.ticksuffix || "");
    const table = document.createElement("table"), head = table.createTHead().insertRow(), body = table.createTBody();
    table.className = "hx-table";
    head.append(cell("th", "Time", "col"), ...figure.data.map((trace) => { const made = cell("th", trace.name, "col"); made.className = "hx-number"; return made; }));
    times(figure.data[0] || {}).forEach((time, index) => {
      const row = body.insertRow();
      row.append(cell("th", new Date(time).toISOString().slice(0, 16).replace("T", " "), "row"), ...figure.data.map((trace) => cell("td", words(trace.y[index]))));
    });
    const scrolled = box.scrollTop;
    box.replaceChildren(table);
    box.scrollTop = scrolled;
  }
  function flip(button) {
    const name = button.dataset.table, shown = !tables.has(name);
    if (shown) { tables.add(name); number(name); } else { tables.delete(name); document.getElementById(`hx-${name}-numbers`).replaceChildren(); }
    button.setAttribute("aria-pressed", String(shown));
    document.getElementById(`hx-${name}-numbers`).tabIndex = shown ? 0 : -1;
  }
  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-only], [data-table]");
    if (found) (found.dataset.only ? only : flip)(found);
  });

  /* ---- marks and ranges ---- */
  let pointer = { y: 0 };
  document.addEventListener("pointerdown", (event) => { pointer = { y: event.clientY }; }, true);
  function under(graph, points) {
    /* in a unified hover every layer answers a click: take the one under the pointer */
    const axis = graph._fullLayout.yaxis;
    const y = axis.p2d(pointer.y - graph.getBoundingClientRect().top - axis._offset);
    if (graph._fullLayout.barmode === "stack" && points[0].data.type === "bar") {
      let sum = 0;
      for (const point of points) { sum += point.y || 0; if (y <= sum) return point; }
      return points[points.length - 1];
    }
    return points.reduce((best, point) => (Math.abs(point.y - y) < Math.abs(best.y - y) ? point : best));
  }
  const iso = (ms, fine) => new Date(ms).toISOString().slice(0, fine ? 19 : 16);
  const milliseconds = (x) => (typeof x === "number" ? x : Date.parse(String(x).replace(" ", "T") + (/[zZ]$/.test(x) ? "" : "Z")));
  function range(start, end) {
    const fine = end - start < 600000;
    set({ from: iso(start, fine), to: iso(end, fine) });
  }
  function mark(clicked) {
    const id = window.dash_clientside.callback_context.triggered_id;
    if (!clicked || !id) return;
    window.dash_clientside.set_props(id, { clickData: null });
    const graph = document.querySelector(`#${id} .js-plotly-plot`);
    if (!graph || !graph._fullLayout) return;
    const points = clicked.points.map((point) => ({ ...point, data: graph.data[point.curveNumber] }));
    const point = under(graph, points);
    const filter = point.data.meta && point.data.meta.where;
    if (filter) return void toggle(filter[0], filter[1]);
    const width = point.data.dx || graph._fullLayout.xaxis.range.map(milliseconds).reduce((a, b) => b - a) / 24;
    const start = milliseconds(point.x);
    range(start, start + width);
  }
  let brushed = 0;
  function brush(change) {
    const id = window.dash_clientside.callback_context.triggered_id;
    if (!change || !id) return;
    if (change["xaxis.range[0]"] !== undefined) {
      window.dash_clientside.set_props(id, { relayoutData: null });
      const [start, end] = [milliseconds(change["xaxis.range[0]"]), milliseconds(change["xaxis.range[1]"])];
      if (end - start >= 1000) { brushed += 1; range(start, end); }
    } else if (change["xaxis.autorange"] && brushed) {
      brushed -= 1;
      history.back();
    }
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxchart: { draw, mark, brush } });
})();
