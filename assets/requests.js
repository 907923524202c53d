/* Above the request grid: search box, presets, chips of the grid's filter; see pages/requests. */
(function () {
  "use strict";
  const SEARCH = "hx-search", BEFORE = "hx-range-before", WHOLE = "now-400d", IDS = ["call_id", "trace_id", "session_id"];
  const put = (id, props) => window.dash_clientside.set_props(id, props);
  const field = () => document.getElementById(SEARCH);
  const first = () => document.querySelector("#hx-search-offers .hx-menu__item");

  /* ---- tests of the grid's filter, which stand in the address ---- */
  const alike = (a, b) => Boolean(a && b) && a.type === b.type && String(a.filter ?? "") === String(b.filter ?? "");
  function change(edit, more) {
    const { filterModel, sortModel } = window.hxGrid.asked(), model = { ...filterModel }, kept = {};
    edit(model);
    if (Object.keys(model).length) kept.filterModel = model;
    if (sortModel && sortModel.length) kept.sortModel = sortModel;
    window.hx.set({ grid: Object.keys(kept).length ? JSON.stringify(kept) : null, ...more });
  }
  const toggle = (tests) => change((model) => {
    for (const [column, test] of Object.entries(tests)) if (alike(model[column], test)) delete model[column]; else model[column] = test;
  });

  /* ---- presets: tests of the grid and filters of the address, which hold together ---- */
  const same = (a, b) => a.length === b.length && a.every((value) => b.includes(value));
  function preset(button) {
    const { tests, where } = { tests: JSON.parse(button.dataset.tests), where: JSON.parse(button.dataset.where) };
    const holds = (model, chosen) => Object.entries(tests).every(([column, test]) => alike(model[column], test)) && Object.entries(where).every(([column, values]) => same(values, chosen[column] || []));
    return { tests, where, holds };
  }
  function press(button) {
    const { tests, where, holds } = preset(button), model = window.hxGrid.asked().filterModel || {}, held = holds(model, window.hx.where());
    change((now) => { for (const [column, test] of Object.entries(tests)) if (held) delete now[column]; else now[column] = test; }, Object.fromEntries(Object.entries(where).map(([column, values]) => [column, held ? null : values])));
  }
  const words = { contains: "contains", notContains: "without", equals: "is", notEqual: "is not", startsWith: "starts with", endsWith: "ends with", lessThan: "<", lessThanOrEqual: "≤", greaterThan: ">", greaterThanOrEqual: "≥", blank: "is unknown", notBlank: "is known" };
  function said(test) {
    if (test.type === "inRange") return `from ${test.dateFrom ?? test.filter} to ${test.dateTo ?? test.filterTo}`;
    return [words[test.type] || test.type, test.dateFrom ?? test.filter ?? ""].join(" ").trim();
  }
  const part = (type, props) => ({ type, namespace: "dash_html_components", props });
  function chip(column, test, titles) {
    const name = titles[column] || column, text = said(test);
    return part("Span", { className: "hx-chip", children: [
      part("Span", { className: "hx-chip__name", children: name }),
      part("Span", { className: "hx-chip__value", children: text, title: text }),
      part("Button", { className: "hx-chip__remove", type: "button", "aria-label": `Remove ${name} ${text}`, "data-untest": column,
        children: part("Span", { className: "hx-icon hx-icon--x", "aria-hidden": "true" }) }),
    ] });
  }
  function filtered(filter) {
    const model = (filter && filter.grid && filter.grid.filterModel) || {};
    const row = document.getElementById("hx-presets"), titles = JSON.parse((row && row.dataset.titles) || "{}");
    const presets = [...document.querySelectorAll("[data-preset]")].map(preset);
    const held = presets.map((one) => Boolean(filter) && one.holds(model, filter.where));
    const named = new Set(presets.filter((_, index) => held[index]).flatMap((one) => Object.keys(one.tests)));
    const chips = Object.entries(model).filter(([column, test]) => test && !named.has(column)).map(([column, test]) => chip(column, test, titles));
    const whole = Boolean(filter) && filter.from === WHOLE, looking = whole && IDS.some((name) => filter.where[name]);
    if (whole && !looking) restore();
    return [chips, !looking, ...held.map(String)];
  }

  /* ---- an id is looked for in the whole log; afterwards the range is what it was ---- */
  function remember() {
    const params = new URLSearchParams(location.search);
    if (params.get("from") !== WHOLE) sessionStorage.setItem(BEFORE, JSON.stringify({ from: params.get("from"), to: params.get("to") }));
  }
  function restore() {
    const before = sessionStorage.getItem(BEFORE);
    if (!before) return;
    sessionStorage.removeItem(BEFORE);
    setTimeout(() => window.hx.set(JSON.parse(before)), 0);
  }

  /* ---- the search box ---- */
  let hurry = null;
  function offered(offers) {
    const look = (left) => {
      const offer = first(), box = field();
      if (!box || !box.value.trim()) return;
      /* the offers are drawn a moment after they have arrived */
      if (!offer || offer.dataset.for !== box.value.trim()) { if (left) setTimeout(() => look(left - 1), 50); return; }
      if (offer.dataset.now === "true" || hurry === offer.dataset.for) offer.click();
    };
    if (offers && offers.length) look(20);
  }
  function leave() {
    hurry = null;
    if (field()) window.hxTyped.clear(field());
    put("hx-search-offers", { children: [] });
    if (document.activeElement && document.activeElement.closest(".hx-search")) document.activeElement.blur();
  }
  document.addEventListener("click", (event) => {
    const found = event.target.closest("[data-test], [data-untest], [data-preset], .hx-search [data-set]");
    if (!found) return;
    if (found.dataset.preset) press(found);
    if (found.dataset.untest) change((model) => { delete model[found.dataset.untest]; });
    if (found.dataset.test) toggle(JSON.parse(found.dataset.test));
    if (found.dataset.set && JSON.parse(found.dataset.set).from) remember();
    if (found.closest(".hx-search")) setTimeout(leave, 0);
  });
  document.addEventListener("keydown", (event) => {
    const box = field(), inside = event.target.closest(".hx-search");
    if (!box) return;
    if (inside && event.key === "Escape") leave();
    else if (inside && event.key === "Enter" && event.target === box) {
      const offer = first(), text = box.value.trim();
      if (offer && offer.dataset.for === text) offer.click(); else { hurry = text; window.hxTyped.now(box); }
    } else if (inside && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const steps = [box, ...inside.querySelectorAll(".hx-menu__item")];
      const at = steps.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1);
      (steps[at] || box).focus();
      event.preventDefault();
    }
  });

  window.hx.keys.add({ keys: "j", title: "Next, in the drawer at the side", group: "This view", run: () => window.hxDrawer.step(1) });
  window.hx.keys.add({ keys: "k", title: "Previous, in the drawer", group: "This view", run: () => window.hxDrawer.step(-1) });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxrequests: { filtered, offered } });
})();
