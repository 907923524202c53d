/* New requests: at the top of the list they come in by themselves; whoever reads further down is told how many there are. */
(function () {
  "use strict";
  const { api, card } = window.hxGrid;
  const written = {};
  function put(id, props) { /* only what changes: this runs with every tick and every scroll */
    const text = JSON.stringify(props);
    if (written[id] === text) return;
    written[id] = text;
    window.dash_clientside.set_props(id, props);
  }
  const STILL = matchMedia("(prefers-reduced-motion: reduce)");
  const atTop = (grid) => grid.getVerticalPixelRange().top < 8;
  const off = () => (new URLSearchParams(location.search).get("refresh") || window.hx.config().refresh) === "off";

  /* before: who was at the top (and of which address) when we asked for more, until those who were not are marked */
  let last = { new: 0 }, before = null;
  function say() {
    const grid = api(), known = ["ready", "stale"].includes((card() || { dataset: {} }).dataset.state);
    const paused = Boolean(grid) && known && !atTop(grid);
    const words = off() ? "" : paused ? "Paused" : "Live";
    put("hx-tail", { children: words, hidden: !known || !words, "data-tail": paused ? "paused" : "live", title: paused ? "New requests are counted; scroll to the top to let them in" : "New requests come in at the top" });
    put("hx-grid-new", { children: `${last.new.toLocaleString("en")} new`, hidden: !paused || last.new <= 0, "aria-label": `${last.new.toLocaleString("en")} new requests: show them` });
  }
  /* who is at the top now; rows that were not are marked when they have come */
  function ids(grid) {
    const found = new Set();
    for (let index = 0; index < 100; index += 1) {
      const node = grid.getDisplayedRowAtIndex(index);
      if (!node || !node.data) break;
      found.add(node.data.row_id);
    }
    return found;
  }
  function more(grid) {
    if (!before) { /* asked twice, the rows of the first answer may be there already, and not yet marked */
      const known = ids(grid);
      before = known.size ? { known, search: location.search } : null;
    }
    last = { ...last, new: 0 };
    grid.refreshInfiniteCache();
  }
  function mark() {
    const grid = api();
    if (!before || !grid) return;
    if (before.search !== location.search) { before = null; return; }
    const fresh = [];
    for (let index = 0; index < 100; index += 1) {
      const node = grid.getDisplayedRowAtIndex(index);
      if (node && node.data && !before.known.has(node.data.row_id)) fresh.push(node);
    }
    if (!fresh.length) return;
    before = null;
    if (fresh.length > 60) return;
    flash(grid, fresh, 30);
  }
  /* rows are drawn a moment after they have come; what is not drawn yet cannot be marked */
  function flash(grid, rowNodes, left) {
    const still = STILL.matches || document.documentElement.dataset.motion === "off";
    grid.flashCells({ rowNodes, flashDuration: still ? 2000 : 500, fadeDuration: still ? 0 : 900 });
    const box = card();
    if (left && box && atTop(grid) && !box.querySelector(".ag-cell-data-changed, .ag-cell-data-changed-animation")) requestAnimationFrame(() => flash(grid, rowNodes, left - 1));
  }
  document.addEventListener("hx-rows", () => { mark(); say(); });

  function news(now) {
    const grid = api(), box = card();
    if (!now || !grid || !box) return;
    const state = box.dataset.state;
    if (now.failed) {
      if (state === "ready") window.hxGrid.put("hx-grid", { "data-state": "stale" });
      return;
    }
    last = now;
    if (state === "error") return grid.purgeInfiniteCache();
    if (state === "ready" || state === "stale") window.hxGrid.put("hx-grid", { "data-state": now.stale ? "stale" : "ready" });
    if (atTop(grid) && (now.new || now.total !== Number(box.dataset.total))) more(grid);
    say();
  }
  function resume() {
    const grid = api();
    if (!grid) return;
    grid.ensureIndexVisible(0, "top");
    grid.ensureColumnVisible("time");
    more(grid);
    say();
  }
  window.hxGrid.onReady((grid) => {
    before = null;
    last = { new: 0 };
    for (const id of Object.keys(written)) delete written[id]; /* a new page */
    grid.addEventListener("bodyScrollEnd", () => { if (last.new && atTop(grid) && !off()) more(grid); say(); });
    say();
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxtail: { news, resume } });
})();
