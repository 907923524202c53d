/* One answer of the server goes to the many places of a page; what did not change is not touched. See ui/fill.py. */
(function () {
  "use strict";
  const known = new WeakMap(); /* the page's root element -> id -> property -> what it has, as text */
  /* Dash tells every component of the page of each change, so what only people read is written past it. What is in a
     layer may be taken away and built again from what Dash knows, so there Dash is told. */
  const PLAIN = {
    children: (element, value) => { element.textContent = value ?? ""; },
    style: (element, value) => dressed(element, value),
    hidden: (element, value) => { element.hidden = value; },
    disabled: (element, value) => { element.disabled = value; },
  };
  const WORDS = ["title", "role", "data-raw", "data-tone", "data-own", "data-state", "data-action", "data-filter", "data-value"];
  for (const name of WORDS) PLAIN[name] = (element, value) => element.setAttribute(name, value ?? "");
  function dressed(element, style) {
    element.removeAttribute("style");
    for (const [name, value] of Object.entries(style || {})) {
      if (name.startsWith("--")) element.style.setProperty(name, value); else element.style[name] = value;
    }
  }
  const OPEN = /^(ARTICLE|BUTTON|DIV|LI|P|SECTION|SMALL|SPAN|STRONG|T[DHR])$/;
  const plain = (element) => element && OPEN.test(element.tagName) && !element.closest(".modal, .offcanvas");
  const words = (element, value) => (value === null || typeof value !== "object") && !element.firstElementChild;
  function put(id, changed) {
    const element = document.getElementById(id), told = {};
    if (element && "data" in changed && element.matches(".hx-rows")) return window.dash_clientside.hxrows.draw(element.firstElementChild, changed.data);
    const chart = !element && "data" in changed && (/^hx-(.+)-data$/.exec(id) || [])[1];
    if (chart && document.getElementById(`hx-${chart}-figure`)) return window.hxcharts.receive(chart, changed.data);
    const open = plain(element);
    for (const [name, value] of Object.entries(changed)) {
      if (open && name in PLAIN && (name !== "children" || words(element, value))) PLAIN[name](element, value);
      else told[name] = value;
    }
    if (Object.keys(told).length) window.dash_clientside.set_props(id, told);
    return undefined;
  }
  /* Of panels side by side with the same words the first says them; the others keep the line that is their own. */
  const QUIET = ["empty", "error", "forbidden"];
  function once(root) {
    const said = new Map();
    for (const panel of root.querySelectorAll(".hx-grid > [data-panel]")) {
      const words = panel.querySelector(".hx-panel__message > span:not(.hx-icon)"), grid = panel.parentElement;
      if (!said.has(grid)) said.set(grid, new Set());
      const text = words && QUIET.includes(panel.dataset.state) && panel.style.display !== "none" ? words.textContent : "";
      panel.toggleAttribute("data-again", Boolean(text) && said.get(grid).has(text));
      if (text) said.get(grid).add(text);
    }
  }
  function fill(data) {
    if (!data) return;
    const root = document.getElementById(data.root);
    if (!root) return; /* the viewer has gone on to another page */
    if (data.recalled) window.dash_clientside.hxtrust.recalled(data.root, data.recalled);
    const began = performance.now();
    if (!known.has(root)) known.set(root, {});
    const before = known.get(root);
    for (const [id, properties] of Object.entries(data.parts)) {
      const had = (before[id] = before[id] || {}), changed = {};
      for (const [name, value] of Object.entries(properties)) {
        const text = JSON.stringify(value);
        if (had[name] === text) continue;
        had[name] = text;
        changed[name] = value;
      }
      if (Object.keys(changed).length) put(id, changed);
    }
    once(root);
    /* once it is painted; vitals.js listens */
    requestAnimationFrame(() => setTimeout(() => performance.measure("hx-fill", { start: began })));
  }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxfill: { fill } });
})();
