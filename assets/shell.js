/* The address is the state. Controls write it (set), parts read it (parse, controls, chips); see ui/shell.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const { set, toggle, exclude, clear, where } = window.hx;

  const shown = (moment) => moment.replace("T", " ").replace(/(:\d\d):00$/, "$1");
  function controls(search, pathname, config) {
    const params = new URLSearchParams(search || "");
    const from = params.get("from") || config.from, to = params.get("to") || "now";
    const refresh = params.get("refresh") || config.refresh;
    const theme = window.hxApplyTheme();
    const chosen = { from: to === "now" ? from : "", refresh, theme };
    for (const button of document.querySelectorAll("[data-choice]")) {
      const [name, value] = button.dataset.choice.split("=");
      button.setAttribute("aria-pressed", String(chosen[name] === value));
    }
    const carried = new URLSearchParams(params);
    for (const own of ["grid", "columns", "density", "request", "tab"]) carried.delete(own);
    const tail = window.hx.text(carried);
    for (const link of document.querySelectorAll(".hx-nav__item")) {
      const path = new URL(link.href, location).pathname;
      window.dash_clientside.set_props(JSON.parse(link.id), { href: path + (tail ? "?" + tail : "") });
      if (path === location.pathname) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    }
    const label = to === "now" ? config.ranges[from] || "Since " + shown(from) : shown(from) + " – " + shown(to);
    const off = refresh === "off" || !(Number(refresh) > 0);
    const seconds = Number(refresh);
    const words = off ? "Off" : seconds < 60 ? seconds + " s" : seconds / 60 + " min";
    return [label, words, off ? 3600000 : seconds * 1000, off];
  }

  /* ---- filters ---- */
  const part = (type, props) => ({ type, namespace: "dash_html_components", props });
  function chip(column, value, excluded, config) {
    const name = config.titles[column] || column;
    const words = (excluded ? "not " : "") + (value === "" ? "unknown" : value);
    return part("Span", { className: "hx-chip" + (excluded ? " hx-chip--not" : ""), children: [
      part("Span", { className: "hx-chip__name", children: name }),
      part("Span", { className: "hx-chip__value", children: words, title: words }),
      part("Button", { className: "hx-chip__remove", type: "button", "aria-label": `Remove ${name} ${words}`, "data-remove": column, "data-value": value, "data-not": String(excluded),
        children: part("Span", { className: "hx-icon hx-icon--x", "aria-hidden": "true" }) }),
    ] });
  }
  function chips(filter, config) {
    if (!filter) return none();
    const found = [];
    for (const [excluded, columns] of [[false, filter.where], [true, filter.without]]) {
      for (const [column, values] of Object.entries(columns)) for (const value of values) found.push(chip(column, value, excluded, config));
    }
    if (found.length) found.push(part("Button", { className: "hx-button hx-button--quiet", type: "button", "data-action": "clear", children: "Clear" }));
    return found;
  }
  function chosen(filter, before) {
    const column = window.dash_clientside.callback_context.outputs_list.id.replace(/^hx-pick-|-list$/g, "");
    const values = (filter && filter.where[column]) || [];
    return same(values, before || []) ? none() : values;
  }
  function pick(values, filter) {
    const trigger = window.dash_clientside.callback_context.triggered_id;
    if (!trigger || !values) return;
    const column = trigger.replace(/^hx-pick-|-list$/g, "");
    if (!same(values, (where()[column] || []))) set({ [column]: values });
  }

  /* ---- time ---- */
  let asked = 0;
  function tick(intervals, before, busy) {
    if (document.hidden) return none();
    if (busy === "true" && Date.now() - asked < 30000) return none();
    asked = Date.now();
    return { n: before.n + 1 };
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && asked && Date.now() - asked > 5000 && new URLSearchParams(location.search).get("refresh") !== "off") {
      asked = Date.now();
      window.dash_clientside.set_props("hx-tick", { data: { n: Math.floor(asked / 1000) } });
    }
  });

  /* ---- clicks anywhere ---- */
  function apply() {
    const read = (id) => (document.getElementById(id) || {}).value || "";
    const [from, to] = [read("hx-from"), read("hx-to")].map((text) => text.trim().replace(" ", "T"));
    if (from) set({ from, to: to || null });
  }
  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.firstElementChild.className = "hx-icon hx-icon--check";
    setTimeout(() => { button.firstElementChild.className = "hx-icon hx-icon--copy"; }, 1200);
  }
  function act(target) {
    const found = target.closest("[data-set], [data-remove], [data-action], [data-filter], [data-copy], .hx-bar, #hx-apply");
    if (!found) return false;
    if (found.id === "hx-apply") apply();
    else if (found.dataset.set) set(JSON.parse(found.dataset.set));
    else if (found.dataset.remove) (found.dataset.not === "true" ? exclude : toggle)(found.dataset.remove, found.dataset.value);
    else if (found.dataset.copy) { copy(found); return false; }
    else if (found.dataset.action === "clear") clear();
    else if (found.dataset.action === "widen") set({ from: "now-30d", to: null });
    else if (found.dataset.action === "retry") window.dash_clientside.set_props("hx-tick", { data: { n: Math.floor(Date.now() / 1000) } });
    else {
      const mark = found.classList.contains("hx-bar") ? found.querySelector("[data-filter]") : found;
      if (mark.dataset.filter) toggle(mark.dataset.filter, mark.dataset.value);
    }
    return true;
  }
  const opened = () => [...document.querySelectorAll("details.hx-pop[open]")];
  document.addEventListener("click", (event) => {
    const done = act(event.target);
    const inside = event.target.closest("details.hx-pop");
    for (const layer of opened()) if (layer !== inside || (done && event.target.closest(".hx-pop__body"))) layer.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const layer of opened()) { layer.open = false; layer.querySelector("summary").focus(); }
    if (event.key === "Enter" && event.target.closest(".hx-range__custom input")) apply();
  });
  document.addEventListener("toggle", (event) => {
    if (!event.target.open || !event.target.classList.contains("hx-pop")) return;
    for (const field of event.target.querySelectorAll(".hx-range__custom input")) field.type = "datetime-local";
    const first = event.target.querySelector("input[type=search]");
    if (first) first.focus();
  }, true);
  document.addEventListener("scroll", () => document.documentElement.classList.toggle("hx-scrolled", scrollY > 4), { passive: true });

  /* a session that ended: the server says 401 to callbacks, and the login page is one reload away */
  const fetched = window.fetch;
  window.fetch = async (...args) => {
    const response = await fetched(...args);
    if (response.status === 401 && String(args[0].url || args[0]).includes("_dash-update-component")) location.reload();
    return response;
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    hx: { ...window.dash_clientside.hx, controls, chips, chosen, pick, tick },
  });
})();
