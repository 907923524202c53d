/* A drawer over the one thing that the address names, and the way to its neighbours in the list behind it; see ui/drawer.py. */
(function () {
  "use strict";
  const drawers = [];
  const none = () => window.dash_clientside.no_update;
  const named = (parameter, search) => new URLSearchParams(search === undefined ? location.search : search || "").get(parameter) || "";
  const put = (id, props) => window.dash_clientside.set_props(id, props);

  /* what: key (of its ids), parameter, also (parameters that leave with it), place(): {index, total} in its list, step(by) */
  function make(what) {
    const one = { also: [], place: () => null, step: () => {}, ...what };
    drawers.push(one);
    function place() {
      const now = one.place(named(one.parameter));
      if (!now || !named(one.parameter)) return;
      const { index, total } = now, there = index >= 0;
      put(`${one.key}-place`, { children: there ? `${(index + 1).toLocaleString("en")} of ${total.toLocaleString("en")}` : "not among the rows below" });
      put(`${one.key}-previous`, { disabled: index <= 0 });
      put(`${one.key}-next`, { disabled: !there || index + 1 >= total });
    }
    function drawer(search, open, wanted) {
      const now = named(one.parameter, search), address = location.origin + location.pathname + (search || "");
      setTimeout(() => { put(`${one.key}-link`, { "data-copy": address }); place(); }, 0);
      return [Boolean(now) === Boolean(open) ? none() : Boolean(now), now === wanted ? none() : now];
    }
    function closed(open) {
      if (open) setTimeout(place, 0);
      if (open === false && named(one.parameter)) leave(one);
    }
    return { drawer, closed, place };
  }
  /* the list is the rows of a table, the first of these that holds the one that is shown */
  function among(parameter, ...tables) {
    const list = (now) => tables.map((id) => [...new Set([...document.querySelectorAll(`#${id} tbody th a[data-inside]`)].map((link) => named(parameter, new URL(link.href, location).search)))])
      .find((one) => one.includes(now)) || [];
    const place = (now) => ({ index: list(now).indexOf(now), total: list(now).length });
    function step(by, now) {
      const next = list(now)[list(now).indexOf(now) + by];
      if (next) window.hx.set({ [parameter]: next });
    }
    return { parameter, place, step };
  }
  const open = () => drawers.find((one) => named(one.parameter) && document.getElementById(`${one.key}-title`));
  function step(by) {
    const one = open();
    if (one) one.step(by, named(one.parameter));
  }
  function leave(one) { window.hx.set(Object.fromEntries([one.parameter, ...one.also].map((name) => [name, null]))); }
  /* after a question that stood over it the drawer has not got its keys back; what lies over it is closed first */
  document.addEventListener("keydown", (event) => {
    const one = open();
    if (event.key === "Escape" && one && !document.querySelector(".modal.show, dialog[open], details.hx-pop[open]")) leave(one);
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".hx-drawer [data-step]");
    if (button && !button.disabled) step(Number(button.dataset.step));
  });
  /* a line opens what it names over this view, whatever else the address says */
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-inside]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const address = new URL(link.href, location);
    const one = drawers.find((each) => named(each.parameter, address.search));
    if (!one || address.pathname !== location.pathname) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.hx.set({ [one.parameter]: named(one.parameter, address.search) });
  }, true);
  window.hxDrawer = { make, among, step, named };
})();
