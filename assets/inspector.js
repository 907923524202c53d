/* The inspector: which request and which tab the address names, and the way to the next one; see pages/requests. */
(function () {
  "use strict";
  const GRID = "hx-requests", TABS = ["timeline", "cost", "routing", "cache", "guardrails", "headers", "raw"];
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const grid = () => { try { return window.dash_ag_grid.getApi(GRID); } catch (error) { return null; /* not drawn yet */ } };
  const parameter = (name) => new URLSearchParams(location.search).get(name);
  const total = () => Number((document.getElementById("hx-grid") || { dataset: {} }).dataset.total || 0);
  const chosen = (search) => { const tab = new URLSearchParams(search || "").get("tab"); return TABS.includes(tab) ? tab : TABS[0]; };

  function drawer(search, open, wanted) {
    const request = new URLSearchParams(search || "").get("request") || "";
    const none = window.dash_clientside.no_update;
    setTimeout(place, 0);
    return [Boolean(request) === Boolean(open) ? none : Boolean(request), request === wanted ? none : request];
  }
  function closed(open) {
    if (open) setTimeout(place, 0);
    if (open === false && parameter("request")) window.hx.set({ request: null, tab: null });
  }
  function tabs(search) {
    const now = chosen(search);
    return [now, location.origin + location.pathname + (search || ""), ...TABS.map((tab) => String(tab === now)), ...TABS.map((tab) => (tab === now ? "0" : "-1"))];
  }
  function turn(tab, focus) {
    window.hx.set({ tab: tab === TABS[0] ? null : tab });
    const button = document.getElementById(`hx-tab-${tab}`);
    if (!button) return;
    if (focus) button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* where the request stands in the grid, which may not hold it: a link opens any request */
  function place() {
    const api = grid(), id = parameter("request");
    if (!api) return;
    const node = id ? api.getRowNode(id) : null;
    const index = node && node.rowIndex !== null ? node.rowIndex : -1;
    if (node) node.setSelected(true, true); else api.deselectAll();
    if (!id) return;
    const all = total();
    put("hx-inspector-place", { children: index < 0 ? "not among the rows below" : `${(index + 1).toLocaleString("en")} of ${all.toLocaleString("en")}` });
    put("hx-inspector-previous", { disabled: index <= 0 });
    put("hx-inspector-next", { disabled: index < 0 || index + 1 >= all });
  }
  document.addEventListener("hx-rows", () => setTimeout(place, 0));
  async function row(api, index) {
    for (let left = 50; left > 0; left -= 1) {
      const node = api.getDisplayedRowAtIndex(index);
      if (node && node.data) return node.data;
      await new Promise((done) => setTimeout(done, 100));
    }
    return null;
  }
  let stepping = false;
  async function step(by) {
    const api = grid(), id = parameter("request");
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
    const found = event.target.closest(".hx-inspector [role=tab], [data-step]");
    if (!found || found.disabled) return;
    if (found.dataset.step) step(Number(found.dataset.step)); else turn(found.dataset.tab, false);
  });
  window.hxInspect = { step };
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxinspect: { drawer, closed, tabs } });
})();
