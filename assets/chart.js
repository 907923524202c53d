/* Charts: what ui/charts.py sends becomes a figure; types, legend, gaps. The table is in chart_table.js, the pointer in
   chart_pointer.js. What is shared between them hangs on window.hxcharts. */
(function () {
  "use strict";
  const DAY = 86400000, GREY = "#7C8594", INK = "124,133,148";
  const shown = {}, alone = {};

  /* ---- numbers ---- */
  const TYPES = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f4: Float32Array, f8: Float64Array };
  function unpack(packed) {
    if (!packed || Array.isArray(packed)) return packed || [];
    const bytes = Uint8Array.from(atob(packed.b), (letter) => letter.charCodeAt(0));
    const found = Array.from(new TYPES[packed.t](bytes.buffer));
    return packed.t === "f4" ? found.map((value) => (Number.isNaN(value) ? null : Number(value.toPrecision(6)))) : found.map((value) => (Number.isNaN(value) ? null : value));
  }
  function words(value, unit) {
    if (value === null || value === undefined) return "—";
    const size = Math.abs(value);
    const cents = unit.prefix === "$" && size >= 1 && size < 1000;
    const digits = cents ? { minimumFractionDigits: 2, maximumFractionDigits: 2 } : unit.places !== undefined ? { minimumFractionDigits: unit.places, maximumFractionDigits: unit.places }
      : Number.isInteger(value) || size >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 };
    return (unit.prefix || "") + value.toLocaleString("en-US", digits) + (unit.suffix || "");
  }
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  /* ---- what the address says about a panel ---- */
  const said = () => new URLSearchParams(location.search).getAll("chart").map((text) => text.split("."));
  function chosen(name) {
    const payload = shown[name], found = said().find((parts) => parts[0] === name) || [];
    const as = payload.types && payload.types.includes(found[1]) ? found[1] : payload.as;
    return { as, log: found[2] === "log" };
  }
  function choose(name, patch) {
    const { as, log } = { ...chosen(name), ...patch };
    const others = said().filter((parts) => parts[0] !== name).map((parts) => parts.join("."));
    window.hx.set({ chart: as === shown[name].as && !log ? others : [...others, [name, as, ...(log ? ["log"] : [])].join(".")] });
    setTimeout(() => redraw(name)); /* the address changes first */
  }

  /* ---- charts over time ---- */
  function opened(payload) {
    const time = payload.time;
    const x = time.x || Array.from({ length: time.n }, (_, index) => time.x0 + index * time.dx);
    const series = payload.series.map((one) => ({ ...one, y: unpack(one.y), before: one.before && unpack(one.before) }));
    return { ...payload, x, series, past: payload.past && { ...payload.past, y: unpack(payload.past.y) },
      band: payload.band && { ...payload.band, low: unpack(payload.band.low), high: unpack(payload.band.high) } };
  }
  const widths = (payload) => payload.x.map((x, index) => (index + 1 < payload.x.length ? payload.x[index + 1] - x : index ? x - payload.x[index - 1] : payload.time.end - x));
  function layersOf(name, payload) {
    const only = alone[name] && payload.series.some((one) => one.name === alone[name]) ? alone[name] : null;
    return { only, layers: payload.series.filter((one) => (only ? one.name === only : !one.off)) };
  }
  const trace = (payload, name, y, where) => ({ name, x: payload.x, y, customdata: y.map((value) => words(value, payload.unit)), hovertemplate: `%{customdata}<extra>${escaped(name)}</extra>`, meta: { where } });
  function bars(payload, layers, dense) {
    const width = widths(payload), gap = dense ? 0 : 0.07, open = payload.time.open;
    const pattern = open && { shape: [...Array(Math.max(0, payload.x.length - 1)).fill(""), "/"], fillmode: "overlay", size: 5, solidity: 0.35, fgcolor: "rgba(255,255,255,.55)" };
    return layers.map((one) => ({
      ...trace(payload, one.name, one.y, one.where), type: "bar", width: width.map((wide) => wide * (1 - 2 * gap)), offset: width.map((wide) => wide * gap),
      marker: { color: one.colour, line: { width: 0 }, ...(pattern ? { pattern } : {}) },
    }));
  }
  function dots(y) {
    /* a point between two gaps is no line: it gets a mark */
    return y.map((value, index) => (value !== null && (y[index - 1] ?? null) === null && (y[index + 1] ?? null) === null ? 5 : 0));
  }
  function lines(payload, layers) {
    const found = [], last = payload.x.length - 1;
    for (const one of layers) {
      const line = { color: one.colour, width: 2 }, open = payload.time.open && last > 0 && one.y[last] !== null;
      const y = open ? [...one.y.slice(0, last), null] : one.y, sizes = dots(y), marked = sizes.some(Boolean);
      found.push({ ...trace(payload, one.name, y, one.where), type: "scatter", mode: marked ? "lines+markers" : "lines", connectgaps: false, line, marker: { color: one.colour, ...(marked ? { size: sizes, opacity: 1, line: { width: 0 } } : {}) } });
      if (!open) continue;
      /* what is still filling is uncertain: a dotted way to an open ring */
      found.push({ type: "scatter", mode: "lines", x: payload.x.slice(last - 1), y: one.y.slice(last - 1), line: { ...line, width: 1.5, dash: "dot" }, hoverinfo: "skip", meta: {} });
      const end = trace(payload, one.name, one.y.slice(last), one.where);
      found.push({ ...end, x: payload.x.slice(last), type: "scatter", mode: "markers", cliponaxis: false, marker: { color: one.colour, symbol: "circle-open", size: 6, line: { width: 1.5 } } });
    }
    return found;
  }
  function areas(payload, layers) {
    return layers.map((one) => ({
      ...trace(payload, one.name, one.y, one.where), type: "scatter", mode: "lines", line: { color: one.colour, width: 1.25 }, marker: { color: one.colour },
      ...(payload.adds ? { stackgroup: "all" } : { fill: "tozeroy", connectgaps: false }),
    }));
  }
  const dotted = (payload, name, y, colour) => ({ ...trace(payload, name, y), type: "scatter", mode: "lines", connectgaps: false, line: { color: colour, width: 1.5, dash: "dot" }, marker: { color: colour }, opacity: 0.75 });
  /* over bars a line from start to start would be half a bar early */
  const stepped = (line, as) => (as === "bar" ? { ...line, line: { ...line.line, shape: "hv" } } : line);
  function pasts(payload, layers, only, as) {
    if (!payload.past) return [];
    if (payload.past.y && payload.past.y.length) return only ? [] : [stepped(dotted(payload, payload.past.name, payload.past.y, GREY), as)];
    /* of several lines only one, or nobody could tell them apart */
    const one = layers.length > 1 ? layers.find((layer) => layer.name === payload.lead) || layers[0] : layers[0];
    return one && one.before ? [dotted(payload, layers.length > 1 ? `${one.name}, ${payload.past.name.toLowerCase()}` : payload.past.name, one.before, GREY)] : [];
  }
  function shade(payload) {
    if (!payload.band) return [];
    const { name, colour, low, high } = payload.band, edge = { type: "scatter", mode: "lines", line: { width: 0, color: colour }, marker: { color: colour } };
    const range = low.map((value, index) => (value === null ? "—" : `${words(value, payload.unit)} to ${words(high[index], payload.unit)}`));
    return [{ ...edge, x: payload.x, y: low, hoverinfo: "skip", meta: {} }, { ...trace(payload, name, high), ...edge, customdata: range, fill: "tonexty", fillcolor: colour + "2B" }];
  }
  function bands(payload, as) {
    /* nothing recorded is no zero: the gap is shaded. Averages and percentiles only leave the line out. */
    const width = widths(payload), found = [];
    const band = (start, end, alpha) => found.push({ type: "rect", xref: "x", yref: "paper", x0: start, x1: end, y0: 0, y1: 1, layer: alpha > 0.15 ? "above" : "below", line: { width: 0 }, fillcolor: `rgba(${INK},${alpha})` });
    if (payload.adds) {
      let begun = null;
      payload.x.forEach((x, index) => {
        const gap = payload.series.every((one) => one.y[index] === null);
        if (gap && begun === null) begun = x;
        if (begun !== null && (!gap || index === payload.x.length - 1)) { band(begun, gap ? x + width[index] : x, 0.1); begun = null; }
      });
    }
    const last = payload.x.length - 1;
    if (as === "area" && payload.time.open && last > 0) band(payload.x[last - 1], payload.x[last], 0.22);
    return found;
  }
  function ticks(start, end, width) {
    const span = end - start, labels = Math.max(2, Math.floor(width / 64));
    if (span <= 26 * 3600000) return { tickformat: span < 300000 ? "%H:%M:%S" : "%H:%M" };
    if (span <= 2.5 * DAY) return { tickformatstops: [{ dtickrange: [null, DAY - 1], value: "%-d %b %H:%M" }, { dtickrange: [DAY, null], value: "%-d %b" }] };
    if (span <= 8 * DAY) return { tickformat: "%-d %b", dtick: Math.ceil(span / DAY / labels) * DAY, tick0: end - (end % DAY) };
    return { tickformatstops: [{ dtickrange: [null, "M1"], value: "%-d %b" }, { dtickrange: ["M1", null], value: "%b %Y" }] };
  }
  function timed(name, payload, width) {
    const { only, layers } = layersOf(name, payload), choice = chosen(name);
    const as = choice.log ? "line" : choice.as; /* a stack on a logarithmic axis would lie */
    const dense = payload.x.length > 72;
    const drawn = as === "bar" ? bars(payload, layers, dense) : as === "area" ? areas(payload, layers) : lines(payload, layers);
    const step = payload.x.length > 1 ? payload.x[1] - payload.x[0] : 0, { start, end } = payload.time;
    const last = payload.x.length ? payload.x[payload.x.length - 1] : end;
    const layout = {
      barmode: "stack", barcornerradius: dense ? 0 : 2, hovermode: "x unified", shapes: bands(payload, as),
      /* room for the whole last bar, else a young day is a sliver; a line ends where it ends */
      xaxis: { type: "date", nticks: Math.max(2, Math.floor(width / 72)), range: [as === "bar" ? start : Math.max(start, payload.x[0]), as === "bar" && payload.time.open && step ? Math.max(end, last + step) : as === "bar" ? end : Math.max(last, start + 1)], hoverformat: step >= DAY ? "%a %-d %b %Y" : "%a %-d %b, %H:%M", ...ticks(start, end, width) },
      yaxis: vertical(payload, as, layers, choice.log), uirevision: `${payload.time.key} ${as}`,
    };
    return { data: [...shade(payload), ...drawn, ...pasts(payload, layers, only, as)], layout };
  }
  function vertical(payload, as, layers, log) {
    const unit = payload.unit, axis = { tickformat: unit.tick, tickprefix: unit.prefix || "", ticksuffix: unit.suffix || "" };
    const every = [...layers.map((one) => one.y), ...(payload.past && payload.past.y ? [payload.past.y] : []), ...(payload.band ? [payload.band.high] : [])].flat().filter((value) => value !== null);
    if (log) {
      const above = every.filter((value) => value > 0), decades = above.length ? Math.log10(Math.max(...above) / Math.min(...above)) : 0;
      return { ...axis, type: "log", dtick: decades > 1.5 ? 1 : "D2", minallowed: null };
    }
    if (payload.top !== undefined) return { ...axis, range: [0, payload.top], rangemode: "normal" };
    const stack = as === "line" ? Math.max(0, ...every) : Math.max(0, ...payload.x.map((_, index) => layers.reduce((sum, one) => sum + (one.y[index] || 0), 0)));
    return every.every(Number.isInteger) && stack <= 3 ? { ...axis, dtick: 1, range: [0, Math.max(1, stack) * 1.1] } : axis; /* no half requests */
  }

  /* ---- every chart ---- */
  const SCALE = ["#E6EFFC", "#C3D8F4", "#A0C0EB", "#7DA9E1", "#5A91D7", "#3579CC", "#1C62B3"], NIGHT = ["#1B2538", "#1C3357", "#214679", "#2B5FA5", "#3F7FD0", "#75A9E8", "#BAD6F7"];
  const dark = () => document.documentElement.dataset.theme === "dark";
  /* more is further from the card: darker on white, lighter on black */
  function toned(one) {
    if (!one.meta || one.meta.scale !== "sequential") return one;
    const colours = dark() ? NIGHT : SCALE;
    return { ...one, colorscale: colours.map((colour, index) => [index / (colours.length - 1), colour]) };
  }
  new MutationObserver(() => Object.keys(shown).forEach((name) => {
    if (shown[name].kind !== "time" && shown[name].data.some((one) => one.meta && one.meta.scale) && document.getElementById(`hx-${name}`)) redraw(name);
  })).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  function figure(name) {
    const { width, height } = room(name);
    const payload = shown[name];
    document.getElementById(`hx-${name}`).toggleAttribute("data-tiles", payload.kind !== "time" && payload.data.some((one) => one.meta && one.meta.tiles));
    few(name, payload);
    const made = payload.kind === "time" ? timed(name, payload, width) : { data: payload.data.map(toned).map((one) => unlabelled(one, width)), layout: { ...payload.layout, ...slots(payload), xaxis: { nticks: Math.max(2, Math.floor(width / 64)), ...payload.layout.xaxis, ...fitted(payload, width) }, uirevision: "same" } };
    const text = { family: "Inter, system-ui, sans-serif", size: 12 }, clear = "rgba(0,0,0,0)", { xaxis, yaxis, ...own } = made.layout;
    return { data: made.data, layout: {
      paper_bgcolor: clear, plot_bgcolor: clear, font: text, margin: { l: 4, r: 8, t: 8, b: 4, pad: 4 }, hovermode: "closest", showlegend: false, dragmode: payload.kind === "time" ? "zoom" : false,
      hoverlabel: { font: text, namelength: 40, align: "right" }, ...own,
      xaxis: { automargin: true, showgrid: false, zeroline: false, ticks: "", showspikes: false, fixedrange: payload.kind !== "time", ...xaxis, ...aslant(made.data[0], xaxis || {}, width), ...((xaxis || {}).type === "category" ? { nticks: Math.max(2, Math.floor(width / 56)) } : {}) },
      yaxis: { automargin: true, fixedrange: true, rangemode: "tozero", nticks: height < 120 ? 3 : 5, zeroline: false, ticks: "", ticklabelstandoff: 8, gridwidth: 1, minallowed: 0, ...((yaxis || {}).type === "category" ? { nticks: 40 } : {}), ...yaxis },
    } };
  }
  /* texts over upright bars need room beside each other; without, the table tells them */
  const unlabelled = (one, width) => (one.textposition === "outside" && one.orientation !== "h" && width / one.x.length < 44 ? { ...one, textposition: "none" } : one);
  /* a ranking of few bars leaves the rest of its panel free; where nothing stands beside it, it takes no more than it needs */
  const slots = ({ layout, data }) => (layout.yaxis && layout.yaxis.autorange === false && matchMedia("(max-width: 900px)").matches ? { yaxis: { ...layout.yaxis, range: [data[0].y.length - 0.5, -0.5] } } : {});
  function few(name, payload) {
    const panel = document.getElementById(`hx-${name}`), free = Boolean(payload.layout) && (payload.layout.yaxis || {}).autorange === false;
    panel.toggleAttribute("data-few", free);
    if (free) panel.style.setProperty("--few", payload.data[0].y.length);
  }
  /* a name for each bar, also where there is no room for them side by side */
  function aslant(bars, axis, width) {
    if (axis.tickangle !== 0 || !(width / axis.nticks < 52)) return {};
    return { tickangle: -60, tickvals: bars.x, ticktext: bars.x.map((name) => name.replaceAll("<br>", " ")) };
  }
  /* horizontal bars leave room for the texts at their ends */
  function fitted(payload, width) {
    const bars = payload.data.find((one) => one.orientation === "h" && one.textposition === "outside");
    if (!bars) return {};
    const letters = 6.6, room = width + 40 - letters * Math.max(...bars.y.map((name) => name.length));
    return { range: [0, Math.max(0.001, ...bars.x.map((value, index) => (value * room) / Math.max(room / 4, room - letters * bars.text[index].length - 10)))] };
  }
  const part = (type, props) => ({ type, namespace: "dash_html_components", props });
  function legend(name) {
    const payload = shown[name], items = payload.kind === "time" ? payload.series : payload.legend || [], stacked = payload.kind !== "time" || (chosen(name).as !== "line" && !chosen(name).log);
    const lined = payload.kind !== "time" && payload.data.every((one) => one.mode === "lines");
    const box = document.getElementById(`hx-${name}-legend`), past = payload.past && payload.past.name;
    const wanted = JSON.stringify([items.map((one) => [one.name, one.colour, one.apart]), stacked, past, !!payload.band]);
    const few = items.length < (payload.kind === "time" ? 2 : 1) && !past && !payload.band;
    if (box && box.dataset.drawn === wanted && (box.childElementCount || few)) return window.dash_clientside.no_update;
    if (box) box.dataset.drawn = wanted;
    if (few) return [];
    const mark = (colour, kind) => part("Span", { className: "hx-legend__mark" + kind, style: { "--mark": colour } });
    const found = items.map((one) => (payload.kind !== "time" || items.length < 2
      ? part("Span", { className: "hx-legend__item hx-legend__item--still", children: [mark(one.colour, stacked && !lined ? "" : " hx-legend__mark--line"), part("Span", { children: one.name })] })
      : part("Button", {
        className: "hx-legend__item", type: "button", title: one.apart ? `${one.name}: ${one.apart} more` : `Only ${one.name}`, "data-only": name, "data-name": one.name, "aria-pressed": String(!one.off),
        children: [mark(one.colour, stacked ? "" : " hx-legend__mark--line"), part("Span", { children: one.apart ? `+${one.apart} more` : one.name })],
      })));
    if (payload.band) found.push(part("Span", { className: "hx-legend__item hx-legend__item--still", children: [mark(payload.band.colour, " hx-legend__mark--band"), part("Span", { children: payload.band.name })] }));
    if (past) found.push(part("Span", { className: "hx-legend__item hx-legend__item--still", children: [mark(GREY, " hx-legend__mark--past"), part("Span", { children: past })] }));
    return found;
  }
  function room(name) {
    const box = document.getElementById(`hx-${name}-figure`);
    return { width: ((box && box.clientWidth) || 480) - 48, height: (box && box.clientHeight) || 224 };
  }
  function taken(name, payload) {
    const seen = window.hxcharts.viewed(name, payload);
    shown[name] = seen.kind === "time" ? opened(seen) : seen;
    window.hxcharts.changed(name);
    return shown[name];
  }
  /* as a callback of Dash: what a page fills comes by receive() */
  function draw(payload) {
    if (!payload) return Array(4).fill(window.dash_clientside.no_update);
    const name = window.dash_clientside.callback_context.triggered_id.replace(/^hx-|-data$/g, "");
    const { headline: [now, before] = ["", ""], says } = taken(name, payload);
    return [figure(name), legend(name), [now, part("Small", { children: before })], says || ""];
  }
  /* the same past Dash, which tells every component of the page of each step of a callback; see fill.js */
  function receive(name, payload) {
    if (!payload) return;
    const { headline: [now, before] = ["", ""], says } = taken(name, payload), box = document.getElementById(`hx-${name}-headline`);
    if (box.firstChild.nodeType !== Node.TEXT_NODE) box.prepend("");
    box.firstChild.data = now;
    box.lastChild.textContent = before;
    document.getElementById(`hx-${name}-says`).textContent = says || "";
    if (!waiting.size) requestAnimationFrame(() => setTimeout(next));
    waiting.add(name);
  }
  /* what is in sight is drawn at once, what is not one by one, the nearest first, so that nothing stands still */
  const waiting = new Set();
  function away(name) {
    const box = document.getElementById(`hx-${name}`).getBoundingClientRect();
    return box.height ? Math.max(0, -box.bottom, box.top - innerHeight) : Infinity;
  }
  function next() {
    for (const name of waiting) if (!document.getElementById(`hx-${name}-figure`)) waiting.delete(name); /* of a page that was left */
    const far = new Map([...waiting].map((name) => [name, away(name)])), [first, ...others] = [...waiting].sort((left, right) => far.get(left) - far.get(right));
    for (const name of [first, ...others.filter((other) => !far.get(other))]) if (name && waiting.delete(name)) redraw(name);
    if (waiting.size) setTimeout(next);
  }
  window.addEventListener("beforeprint", () => { while (waiting.size) next(); });
  function redraw(name) {
    if (!shown[name]) return;
    window.dash_clientside.set_props(`hx-${name}-figure`, { figure: figure(name) });
    const items = legend(name);
    if (items !== window.dash_clientside.no_update) window.dash_clientside.set_props(`hx-${name}-legend`, { children: items });
  }
  function only(button) {
    const { only: name, name: layer } = button.dataset;
    alone[name] = alone[name] === layer ? null : layer;
    for (const one of button.parentElement.querySelectorAll("[data-only]")) {
      const series = shown[name].series.find((item) => item.name === one.dataset.name);
      one.setAttribute("aria-pressed", String(alone[name] ? one.dataset.name === alone[name] : !(series && series.off)));
    }
    redraw(name);
  }
  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-only]");
    if (found) only(found);
  });
  /* back and forward may bring other types */
  window.addEventListener("popstate", () => setTimeout(() => Object.keys(shown).forEach((name) => document.getElementById(`hx-${name}`) && redraw(name)), 50));

  window.hxcharts = { shown, alone, waiting, receive, words, chosen, choose, redraw, changed: () => {}, viewed: (name, payload) => payload };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxchart: { ...(window.dash_clientside || {}).hxchart, draw } });
})();
