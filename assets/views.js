/* Saved views: an address under a name, for oneself or for all. The server keeps and checks them; see docs/api.md. */
(function () {
  "use strict";
  const { node, icon } = window.hx;
  const body = () => document.getElementById("hx-views-body");
  let known = { views: [], may_share: false };

  async function ask(method, path, content) {
    const answer = await fetch(`${window.hx.config().prefix}api/v1/views${path}`, {
      method, headers: content ? { "Content-Type": "application/json" } : {}, body: content ? JSON.stringify(content) : undefined,
    });
    if (answer.status === 401) location.reload();
    const told = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (!answer.ok) throw new Error((told && told.error && told.error.message) || "The server did not answer.");
    return told;
  }
  async function load() {
    known = await ask("GET", "");
    return known;
  }
  /* what a view keeps: not the look, nor the one request somebody had open */
  function present() {
    const params = new URLSearchParams(location.search);
    for (const own of ["theme", "request", "tab"]) params.delete(own);
    const text = window.hx.text(params), prefix = window.hx.config().prefix;
    return { path: "/" + location.pathname.slice(prefix.length), search: text ? "?" + text : "" };
  }
  const address = (view) => window.hx.config().prefix + view.path.slice(1);
  const page = (view) => (window.hx.config().pages.find((one) => one.path === view.path) || { title: view.path }).title;
  const isHere = (view) => { const now = present(); return now.path === view.path && now.search === view.search; };
  function apply(view) {
    const theme = new URLSearchParams(location.search).get("theme");
    const params = new URLSearchParams(view.search);
    if (theme) params.set("theme", theme);
    const text = window.hx.text(params);
    window.dash_clientside.set_props("hx-url", { pathname: address(view), search: text ? "?" + text : "" });
    window.hx.close("hx-views");
  }

  /* ---- the layer ---- */
  const attempt = async (work) => {
    try { await work(); } catch (error) { fail(error.message); }
  };
  function fail(text) {
    const place = body().querySelector(".hx-views__said");
    if (place) { place.textContent = text; place.hidden = false; } else window.hx.tell(text);
  }
  const again = () => attempt(async () => { await load(); draw(); });
  const tool = (look, name, run, pressed) => {
    const made = node("button", { type: "button", className: "hx-button hx-button--quiet hx-button--icon", "aria-label": name, title: name, "aria-pressed": pressed === undefined ? null : String(pressed) }, icon(look));
    made.addEventListener("click", run);
    return made;
  };
  function line(view) {
    const theirs = !view.shared || known.may_share;
    const name = node("button", { type: "button", className: "hx-view__name", "aria-current": isHere(view) ? "true" : null, title: `${view.name}: ${page(view)}` },
      node("span", { className: "hx-view__title" }, view.name), node("span", { className: "hx-view__page" }, page(view)));
    name.addEventListener("click", () => apply(view));
    const row = node("li", { className: "hx-view", "data-view": view.id }, name,
      tool("star", view.default ? `${view.name} opens at the start: no longer` : `Open ${view.name} at the start`, () => attempt(async () => { await ask("PATCH", "/" + view.id, { default: !view.default }); await again(); }), view.default),
      theirs ? tool("pencil", `Rename ${view.name}`, () => row.replaceWith(renaming(view))) : null,
      theirs ? tool("trash-2", `Delete ${view.name}`, () => attempt(() => remove(view))) : null);
    return row;
  }
  function renaming(view) {
    const field = node("input", { className: "hx-input", value: view.name, maxlength: "80", "aria-label": "New name" });
    const form = node("form", { className: "hx-view hx-view--edit" }, field, node("button", { type: "submit", className: "hx-button hx-button--primary" }, "Rename"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => { await ask("PATCH", "/" + view.id, { name: field.value }); await again(); });
    });
    const item = node("li", {}, form);
    setTimeout(() => field.select(), 0);
    return item;
  }
  async function remove(view) {
    await ask("DELETE", "/" + view.id);
    await again();
    window.hx.tell(`Deleted ${view.name}.`, "Undo", () => attempt(async () => {
      const back = await ask("POST", "", { name: view.name, path: view.path, search: view.search, shared: view.shared });
      if (view.default) await ask("PATCH", "/" + back.id, { default: true });
      if (document.getElementById("hx-views").open) await again();
    }));
  }
  function saving() {
    const field = node("input", { className: "hx-input", id: "hx-view-name", placeholder: "Name of this view", maxlength: "80", "aria-label": "Name of this view", autocomplete: "off" });
    const shared = node("input", { type: "checkbox", id: "hx-view-shared", className: "form-check-input" });
    const form = node("form", { className: "hx-views__save" }, field, node("button", { type: "submit", className: "hx-button hx-button--primary" }, "Save"),
      known.may_share ? node("label", { className: "hx-views__share" }, shared, "Share with everyone who may see it") : null);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(async () => {
        await ask("POST", "", { name: field.value, ...present(), shared: shared.checked });
        await again();
        window.hx.tell(`Saved ${field.value.trim()}.`);
      });
    });
    return form;
  }
  function draw() {
    const parts = [];
    for (const [words, shared] of [["Personal", false], ["Shared", true]]) {
      const mine = known.views.filter((view) => view.shared === shared);
      if (mine.length) parts.push(node("h2", { className: "hx-listbox__group" }, words), node("ul", { className: "hx-views__list" }, ...mine.map(line)));
    }
    if (!parts.length) parts.push(node("p", { className: "hx-faint hx-views__none" }, "No saved views yet. Save this page with its range and filters under a name."));
    const said = node("p", { className: "hx-views__said", role: "alert" });
    said.hidden = true;
    body().replaceChildren(node("div", { className: "hx-views__lists" }, ...parts), said, saving());
  }
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "hx-views") return;
    if (!event.target.open) { body().replaceChildren(); return; }
    body().replaceChildren(node("p", { className: "hx-faint", role: "status" }, "Reading …"));
    load().then(() => { draw(); document.getElementById("hx-view-name").focus(); }, (error) => body().replaceChildren(node("p", { className: "hx-faint", role: "alert" }, error.message)));
  }, true);

  /* the view that opens with the app: only when the app was opened, not when somebody came back to it */
  function home(config) {
    const first = performance.getEntriesByType("navigation")[0];
    if (!config.home || (first && first.type !== "navigate")) return;
    if (location.pathname !== config.prefix || location.search) return;
    const [path, search] = config.home;
    setTimeout(() => apply({ path, search }), 0);
  }
  Object.assign(window.hx, { views: { load, apply, page, home } });
})();
