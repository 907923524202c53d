/* Keys that work anywhere on a page, in one table: window.hx.keys.add({ keys, title, group, run }). "?" shows it.

   keys is what event.key says: "/", "?", "p"; "g o" is one after the other; "mod+k" is Ctrl or, on a Mac, Cmd. */
(function () {
  "use strict";
  const { node } = window.hx;
  const WAIT = 1200;
  const table = [];
  let before = null, since = 0;

  function add(entry) {
    const there = table.findIndex((one) => one.keys === entry.keys);
    if (there >= 0) table[there] = entry; else table.push(entry);
  }
  const typing = (target) => Boolean(target.closest && target.closest("input, textarea, select, [contenteditable]")) && target.type !== "checkbox" && target.type !== "radio";
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  function pressed(event) {
    if (event.altKey) return null;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    return event.ctrlKey || event.metaKey ? "mod+" + key : key;
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat) return;
    const key = pressed(event);
    if (!key) return;
    const anywhere = key.startsWith("mod+");
    if (!anywhere && (typing(event.target) || document.querySelector("dialog[open]"))) return;
    const pair = before && Date.now() - since < WAIT ? `${before} ${key}` : null;
    const found = (pair && table.find((one) => one.keys === pair)) || table.find((one) => one.keys === key);
    before = null;
    if (found) { event.preventDefault(); found.run(event); }
    else if (table.some((one) => one.keys.startsWith(key + " "))) { before = key; since = Date.now(); }
  });

  const shown = (keys) => keys.split(" ").flatMap((one) => one.split("+")).map((one) => node("kbd", {}, one === "mod" ? (mac ? "⌘" : "Ctrl") : one.length === 1 ? one.toUpperCase() : one));
  function show() {
    const groups = [...new Set(table.map((one) => one.group))];
    const close = node("button", { type: "button", className: "hx-button hx-button--quiet hx-button--icon", "aria-label": "Close", title: "Close" }, window.hx.icon("x"));
    const made = window.hx.dialog("Keyboard shortcuts", "hx-dialog--keys",
      node("div", { className: "hx-dialog__head" }, node("h2", {}, "Keyboard shortcuts"), close),
      node("div", { className: "hx-keys" }, ...groups.map((group) => node("section", {}, node("h3", { className: "hx-listbox__group" }, group),
        node("dl", {}, ...table.filter((one) => one.group === group).flatMap((one) => [node("dt", {}, one.title), node("dd", {}, ...shown(one.keys))]))))));
    close.addEventListener("click", () => made.close());
    close.focus();
  }
  function search() {
    if (document.querySelector(".hx-drawer.show")) return; // what it covers is out of reach
    const field = [...document.querySelectorAll("[data-search]")].find((one) => one.offsetParent);
    if (!field) { window.hx.palette(); return; }
    const input = field.matches("input") ? field : field.querySelector("input");
    input.focus();
    input.select();
  }
  const layer = (id) => () => { window.hx.open(id); };
  add({ keys: "mod+k", title: "Find a page, a range, an action", group: "Anywhere", run: () => window.hx.palette() });
  add({ keys: "/", title: "Search", group: "Anywhere", run: search });
  add({ keys: "?", title: "Show this list", group: "Anywhere", run: show });
  add({ keys: "f", title: "Add a filter", group: "This view", run: () => window.hx.filterBy() });
  add({ keys: "t", title: "Choose the time range", group: "This view", run: layer("hx-range") });
  add({ keys: "c", title: "Compare with the period before", group: "This view", run: () => window.hx.toggleCompare() });
  add({ keys: "p", title: "Pause refreshing, or go on", group: "This view", run: () => window.hx.togglePause() });
  add({ keys: "v", title: "Saved views", group: "This view", run: layer("hx-views") });
  function pages(config) {
    for (const page of config.pages) {
      if (page.letter) add({ keys: `g ${page.letter}`, title: page.title, group: "Go to", run: () => window.hx.go(page) });
    }
  }
  Object.assign(window.hx, { keys: { add, show, shown, pages, table } });
})();
