/* One answer of the server goes to the many places of a page; what did not change is not touched. See ui/fill.py. */
(function () {
  "use strict";
  const known = new WeakMap(); /* the page's root element -> id -> property -> what it has, as text */
  function fill(data) {
    if (!data) return;
    const root = document.getElementById(data.root);
    if (!root) return; /* the viewer has gone on to another page */
    const began = performance.now();
    if (!known.has(root)) known.set(root, {});
    const before = known.get(root);
    for (const [id, properties] of Object.entries(data.parts)) {
      const had = (before[id] = before[id] || {}), changed = {};
      for (const [name, value] of Object.entries(properties)) {
        const text = JSON.stringify(value);
        if (had[name] === text) continue;
        had[name] = text;
        if (name === "rows") draw(id, value);
        else changed[name] = value;
      }
      if (Object.keys(changed).length) window.dash_clientside.set_props(id, changed);
    }
    /* once it is painted; vitals.js listens */
    requestAnimationFrame(() => setTimeout(() => performance.measure("hx-fill", { start: began })));
  }
  function draw(id, rows) {
    const box = document.getElementById(id);
    if (box) window.dash_clientside.hxrows.draw(box, rows);
  }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxfill: { fill } });
})();
