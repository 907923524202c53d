/* The filter bar: chips for what is asked, and one layer to add more: a column, then its values. See ui/filter_bar.py. */
(function () {
  "use strict";
  const { node, icon, where, without } = window.hx;
  const part = (type, props) => ({ type, namespace: "dash_html_components", props });
  const title = (column) => window.hx.config().titles[column] || column;
  const phone = window.matchMedia("(max-width: 600px)"); // there, chips stand in the layer
  let seen = null;
  const words = (value) => (value === "" ? "unknown" : value);

  /* ---- chips ---- */
  function chip(column, value, excluded) {
    const name = title(column), told = (excluded ? "not " : "") + words(value);
    return part("Span", { className: "hx-chip" + (excluded ? " hx-chip--not" : ""), children: [
      part("Button", { className: "hx-chip__edit", type: "button", "data-edit": column, "data-not": String(excluded), title: `${name}: ${told}`, "aria-label": `Change ${name}: ${told}`, children: [
        part("Span", { className: "hx-chip__name", children: name }),
        part("Span", { className: "hx-chip__value", children: told }),
      ] }),
      part("Button", { className: "hx-chip__remove", type: "button", "aria-label": `Remove ${name} ${told}`, "data-remove": column, "data-value": value, "data-not": String(excluded),
        children: part("Span", { className: "hx-icon hx-icon--x", "aria-hidden": "true" }) }),
    ] });
  }
  function chips(filter) {
    if (!filter) return Array(3).fill(window.dash_clientside.no_update);
    seen = filter;
    const found = [];
    for (const [excluded, columns] of [[false, filter.where], [true, filter.without]]) {
      for (const [column, values] of Object.entries(columns)) for (const value of values) found.push(chip(column, value, excluded));
    }
    const count = found.length;
    if (count) found.push(part("Button", { className: "hx-button hx-button--quiet", type: "button", "data-action": "clear", children: "Clear" }));
    if (box && box.isConnected) box.refresh(true);
    return [phone.matches ? [] : found, phone.matches ? found : [], count ? ` (${count})` : ""];
  }
  phone.addEventListener("change", () => {
    if (!seen) return;
    const [bar, sheet] = chips(seen);
    window.dash_clientside.set_props("hx-chips", { children: bar });
    window.dash_clientside.set_props("hx-chips-sheet", { children: sheet });
  });

  /* ---- the layer ---- */
  let box = null, column = null, excluded = false;
  const body = () => document.getElementById("hx-filter-body");

  function columns() {
    column = null;
    box = window.hx.listbox({
      label: "Find a filter", hint: "Filter by …",
      offer: (text) => window.hx.matching(window.hx.config().filters.map((one) => ({ ...one, note: count(one.name) })), text),
      pick: (item) => values(item.name, false),
    });
    body().replaceChildren(box);
    box.refresh();
    box.field.focus();
  }
  function count(name) {
    const [in_, out] = [where()[name] || [], without()[name] || []];
    return [in_.length ? `${in_.length} chosen` : "", out.length ? `${out.length} excluded` : ""].filter(Boolean).join(", ");
  }
  async function offered(text) {
    const [in_, out] = [where()[column] || [], without()[column] || []];
    const item = (value) => ({ title: words(value), value, chosen: (excluded ? out : in_).includes(value), tone: excluded ? "not" : null, note: (excluded ? in_ : out).includes(value) ? (excluded ? "chosen" : "excluded") : "" });
    if (window.hx.config().filters.find((one) => one.name === column).kind === "text") return text ? [item(text)] : (excluded ? out : in_).map(item);
    const address = `${window.hx.config().prefix}api/v1/values?column=${encodeURIComponent(column)}&contains=${encodeURIComponent(text)}`;
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status === 503 ? "The store does not answer." : "The values could not be read.");
    const found = await answer.json();
    const first = (excluded ? out : in_).filter((value) => value.toLowerCase().includes(text.toLowerCase()) && value !== "");
    const listed = [...new Set([...first, ...found.values])].map(item);
    if ("unknown".includes(text.toLowerCase())) listed.push(item(""));
    if (found.more) listed.note = `The first ${found.values.length}; type to find others.`;
    return listed;
  }
  /* "unknown or gpt-4o" is no question the log can answer, so the one replaces the other */
  function choose(value, not) {
    const values = where()[column] || [];
    if (not) window.hx.exclude(column, value);
    else if ((value === "") !== values.includes("") && values.length && !values.includes(value)) window.hx.set({ [column]: [value] });
    else window.hx.toggle(column, value);
  }
  function values(name, not) {
    column = name; excluded = not;
    const name_ = title(name);
    const sign = (label, value) => node("button", { type: "button", className: "hx-sign", "aria-pressed": String(excluded === value), "data-sign": String(value) }, label);
    const head = node("div", { className: "hx-filterbox__head" },
      node("button", { type: "button", className: "hx-button hx-button--quiet hx-button--icon hx-filterbox__back", "aria-label": "All filters", title: "All filters" }, icon("chevron-down")),
      node("span", { className: "hx-filterbox__title" }, name_),
      node("span", { className: "hx-signs", role: "group", "aria-label": "Include or exclude" }, sign("is", false), sign("is not", true)));
    box = window.hx.listbox({
      label: `Find a value of ${name_}`, hint: `Find ${name_.toLowerCase()} …`, several: true, slow: true,
      offer: offered,
      pick: (item, event) => choose(item.value, excluded || event.shiftKey),
      back: columns,
      none: (text) => (text ? `No ${name_.toLowerCase()} contains that.` : window.hx.config().filters.find((one) => one.name === column).kind === "text" ? "Type the whole value." : "None so far."),
    });
    head.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-sign]");
      if (event.target.closest(".hx-filterbox__back")) columns();
      else if (chosen) {
        excluded = chosen.dataset.sign === "true";
        for (const one of head.querySelectorAll("[data-sign]")) one.setAttribute("aria-pressed", String(one === chosen));
        box.refresh(true);
        box.field.focus();
      }
    });
    body().replaceChildren(head, box);
    box.refresh();
    box.field.focus();
  }
  function open(name, not) {
    const layer = document.getElementById("hx-filters");
    if (!layer.open) layer.dataset.opening = "yes"; // its toggle event comes later, and must not go back to the columns
    layer.open = true;
    if (name) values(name, Boolean(not)); else columns();
  }
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "hx-filters") return;
    if (event.target.open && event.target.dataset.opening !== "yes") columns();
    delete event.target.dataset.opening;
    if (!event.target.open) { body().replaceChildren(); box = null; }
  }, true);

  window.hx.filterBy = open;
  Object.assign(window.dash_clientside.hx, { chips });
})();
