/* The pointer on charts: a click filters, shift-click excludes, a brush sets the range, a double click takes it back,
   and one crosshair runs through all charts over time. Wired in ui/panel.py (wire_chart). */
(function () {
  "use strict";
  const charts = window.hxcharts;
  const graphOf = (name) => document.querySelector(`#hx-${name}-figure .js-plotly-plot`);
  const nameOf = (id) => id.replace(/^hx-|-figure$/g, "");

  /* ---- marks ---- */
  let pointer = { y: 0, shift: false };
  document.addEventListener("pointerdown", (event) => { pointer = { y: event.clientY, shift: event.shiftKey }; }, true);
  function under(graph, points) {
    /* in a unified hover every layer answers a click: take the one under the pointer */
    const axis = graph._fullLayout.yaxis;
    const y = axis.p2d(pointer.y - graph.getBoundingClientRect().top - axis._offset);
    const stacked = points.filter((point) => point.data.type === "bar" || point.data.stackgroup);
    if (graph._fullLayout.barmode === "stack" && stacked.length) {
      let sum = 0;
      for (const point of stacked) { sum += point.data.y[point.pointNumber] || 0; if (y <= sum) return point; }
      return stacked[stacked.length - 1];
    }
    return points.reduce((best, point) => (Math.abs(point.y - y) < Math.abs(best.y - y) ? point : best));
  }
  const iso = (ms, fine) => new Date(ms).toISOString().slice(0, fine ? 19 : 16);
  const milliseconds = (x) => (typeof x === "number" ? x : Date.parse(String(x).replace(" ", "T") + (/[zZ]$/.test(x) ? "" : "Z")));
  function range(start, end) {
    const fine = end - start < 600000, params = new URLSearchParams(location.search);
    ranges.push({ from: params.get("from"), to: params.get("to") });
    window.hx.set({ from: iso(start, fine), to: iso(end, fine) });
  }
  function filter(where) {
    const act = pointer.shift && window.hx.exclude ? window.hx.exclude : window.hx.toggle;
    act(where[0], where[1]);
  }
  function mark(clicked) {
    const id = window.dash_clientside.callback_context.triggered_id;
    if (!clicked || !id) return;
    window.dash_clientside.set_props(id, { clickData: null });
    const name = nameOf(id), graph = graphOf(name), payload = charts.shown[name];
    if (!graph || !graph._fullLayout || !payload) return;
    const points = clicked.points.map((point) => ({ ...point, data: graph.data[point.curveNumber] })).filter((point) => point.data);
    if (!points.length) return;
    const point = payload.kind === "time" ? under(graph, points) : points[0];
    const meta = point.data.meta || {}, where = meta.where || (meta.wheres && meta.wheres[point.pointNumber]);
    if (where) return void later(() => filter(where));
    const [row, column] = [point.pointNumber].flat();
    const opens = meta.opens ? meta.opens[row] : meta.across && { ...meta.across[column], ...meta.upward[row] };
    if (opens) return void charts.open(name, opens);
    if (payload.kind !== "time") return;
    const index = payload.x.indexOf(milliseconds(point.x));
    if (index < 0) return;
    const start = payload.x[index], end = index + 1 < payload.x.length ? payload.x[index + 1] : start + (index ? start - payload.x[index - 1] : 3600000);
    if (end - start >= 60000) later(() => range(start, end));
  }
  /* A click waits for a second one only where a double click has something to take back. */
  let waiting = null;
  function later(act) {
    clearTimeout(waiting);
    if (!ranges.length) act(); else waiting = setTimeout(act, 300);
  }

  /* ---- ranges ---- */
  const ranges = [];
  function back() {
    clearTimeout(waiting);
    const params = new URLSearchParams(location.search), now = JSON.stringify([params.get("from"), params.get("to")]);
    let before = ranges.pop();
    while (before && JSON.stringify([before.from, before.to]) === now) before = ranges.pop();
    if (before) window.hx.set(before);
  }
  function brush(change) {
    const id = window.dash_clientside.callback_context.triggered_id;
    if (!change || !id || change["xaxis.range[0]"] === undefined) return;
    window.dash_clientside.set_props(id, { relayoutData: null });
    const [start, end] = [milliseconds(change["xaxis.range[0]"]), milliseconds(change["xaxis.range[1]"])];
    if (end - start >= 1000) range(start, end);
  }
  /* Plotly tells a double click to its own listeners only */
  function listen(name) {
    const graph = graphOf(name);
    if (!graph || !graph.on || graph.dataset.hxListens) return;
    graph.dataset.hxListens = "yes";
    graph.on("plotly_doubleclick", back);
  }
  document.addEventListener("pointerover", (event) => {
    const plot = event.target.closest && event.target.closest(".hx-panel__plot");
    if (plot) listen(plot.dataset.chart);
  });

  /* ---- one crosshair ---- */
  const lines = () => document.querySelectorAll(".hx-panel__crosshair");
  const hide = () => lines().forEach((line) => { line.hidden = true; });
  function axisOf(plot) {
    const payload = charts.shown[plot.dataset.chart], graph = plot.querySelector(".js-plotly-plot");
    return payload && payload.kind === "time" && graph && graph._fullLayout ? { payload, graph, axis: graph._fullLayout.xaxis, full: graph._fullLayout } : null;
  }
  function cross(ms) {
    for (const line of lines()) {
      const found = axisOf(line.parentElement);
      const [start, end] = found ? found.axis.range.map(milliseconds) : [1, 0];
      line.hidden = !(ms >= start && ms <= end);
      if (line.hidden) continue;
      const left = found.axis._offset + found.axis.d2p(ms), top = found.full._size.t, tall = found.full._size.h;
      Object.assign(line.style, { transform: `translateX(${Math.round(left)}px)`, top: `${top}px`, height: `${tall}px` });
    }
  }
  document.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const plot = event.target.closest && event.target.closest(".hx-panel__plot"), found = plot && axisOf(plot);
    if (!found || event.buttons) return hide();
    const area = found.graph.getBoundingClientRect(), at = found.axis.p2d(event.clientX - area.left - found.axis._offset), ms = milliseconds(at);
    const [start, end] = found.axis.range.map(milliseconds);
    if (ms < start || ms > end) return hide();
    cross(ms);
  });
  document.addEventListener("pointerleave", hide);
  /* the walk with the arrow keys shows where it is: tooltip here, crosshair everywhere */
  function point(name, index) {
    const graph = graphOf(name), payload = charts.shown[name];
    if (!graph || !payload || !window.Plotly) return;
    if (index === null) { hide(); window.Plotly.Fx.unhover(graph); return; }
    if (payload.kind !== "time") { window.Plotly.Fx.hover(graph, [{ curveNumber: 0, pointNumber: index }]); return; }
    window.Plotly.Fx.hover(graph, { xval: payload.x[index] }, "xy");
    cross(payload.x[index]);
  }

  charts.point = point;
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxchart: { ...(window.dash_clientside || {}).hxchart, mark, brush } });
})();
