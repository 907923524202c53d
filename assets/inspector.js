/* The inspector: which request and which tab the address names, and the way to the next one; see pages/requests. */
(function () {
  "use strict";
  const GRID = "hx-requests", TABS = ["timeline", "cost", "routing", "cache", "guardrails", "headers", "raw"];
  const grid = () => { try { return window.dash_ag_grid.getApi(GRID); } catch (error) { return null; /* not drawn yet */ } };
  const parameter = (name) => new URLSearchParams(location.search).get(name);
  const total = () => Number((document.getElementById("hx-grid") || { dataset: {} }).dataset.total || 0);
  const chosen = (search) => { const tab = new URLSearchParams(search || "").get("tab"); return TABS.includes(tab) ? tab : TABS[0]; };

  function tabs(search) {
    const now = chosen(search);
    return [now, ...TABS.map((tab) => String(tab === now)), ...TABS.map((tab) => (tab === now ? "0" : "-1"))];
  }
  function turn(tab, focus) {
    window.hx.set({ tab: tab === TABS[0] ? null : tab });
    const button = document.getElementById(`hx-tab-${tab}`);
    if (!button) return;
    if (focus) button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* where the request stands in the grid, which may not hold it: a link opens any request */
  function stands(id) {
    const api = grid();
    if (!api) return null;
    const node = id ? api.getRowNode(id) : null;
    if (node) node.setSelected(true, true); else api.deselectAll();
    return { index: node && node.rowIndex !== null ? node.rowIndex : -1, total: total() };
  }
  document.addEventListener("hx-rows", () => setTimeout(inspector.place, 0));
  async function row(api, index) {
    for (let left = 50; left > 0; left -= 1) {
      const node = api.getDisplayedRowAtIndex(index);
      if (node && node.data) return node.data;
      await new Promise((done) => setTimeout(done, 100));
    }
    return null;
  }
  let stepping = false;
  async function step(by, id) {
    const api = grid();
    const node = api && id ? api.getRowNode(id) : null;
    if (!node || node.rowIndex === null || stepping) return;
    const index = node.rowIndex + by;
    if (index < 0 || index >= total()) return;
    stepping = true;
    try {
      api.ensureIndexVisible(index);
      const found = await row(api, index);
      if (found && parameter("request") === id) window.hx.set({ request: found.row_id });
    } finally { stepping = false; }
  }

  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (!parameter("request") || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!move || event.target.closest("pre")) return;
    turn(TABS[(TABS.indexOf(chosen(location.search)) + move + TABS.length) % TABS.length], event.target.getAttribute("role") === "tab");
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const found = event.target.closest(".hx-inspector [role=tab]");
    if (found) turn(found.dataset.tab, false);
  });
  const inspector = window.hxDrawer.make({ key: "hx-inspector", parameter: "request", also: ["tab"], place: stands, step });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxinspect: { drawer: inspector.drawer, closed: inspector.closed, tabs } });
})();
