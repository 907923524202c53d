/* The command palette: every page, range, filter, view and action by a few letters of its name. */
(function () {
  "use strict";
  const { set } = window.hx;
  const config = () => window.hx.config();

  /* the same link the menu has, so range and filters come along */
  function go(page) {
    const address = config().prefix + page.path.slice(1);
    const link = [...document.querySelectorAll(".hx-nav__item")].find((one) => new URL(one.href, location).pathname === address);
    if (link) link.click();
  }
  function signOut(everywhere) {
    const form = window.hx.node("form", { method: "post", action: `${config().prefix}logout` }, everywhere ? window.hx.node("input", { type: "hidden", name: "everywhere", value: "1" }) : null);
    document.body.append(form);
    form.submit();
  }
  function confirmSignOut() {
    const stay = window.hx.button("Stay"), leave = window.hx.button("Sign out everywhere", { className: "hx-button hx-button--primary" });
    const made = window.hx.dialog("Sign out everywhere", "hx-dialog--ask",
      window.hx.node("h2", {}, "Sign out everywhere?"),
      window.hx.node("p", { className: "hx-muted" }, "Every session of your account ends, on all devices, this one too."),
      window.hx.node("div", { className: "hx-dialog__foot" }, stay, leave));
    stay.addEventListener("click", () => made.close());
    leave.addEventListener("click", () => { leave.disabled = true; signOut(true); });
    stay.focus();
  }
  const command = (group, icon, title, run, keys, also) => ({ group, icon, title, run, note: keys || "", also });
  function actions() {
    const theme = (value, words, look) => command("Look", look, words, () => set({ theme: value }), "", "theme");
    return [
      command("Actions", "list-filter", "Add a filter …", () => window.hx.filterBy(), "F"),
      command("Actions", "git-compare-arrows", "Compare with the period before", () => window.hx.toggleCompare(), "C"),
      command("Actions", window.hx.paused() ? "play" : "pause", window.hx.paused() ? "Go on refreshing" : "Pause refreshing", () => window.hx.togglePause(), "P", "live stop"),
      command("Actions", "bookmark", "Save this view …", () => window.hx.open("hx-views"), "V"),
      command("Actions", "link", "Copy link", () => window.hx.copyLink(false), "", "share"),
      command("Actions", "link", "Copy link to exactly this period", () => window.hx.copyLink(true), "", "share absolute"),
      command("Actions", "funnel-x", "Clear all filters", () => window.hx.clear(), "", "reset"),
      command("Actions", "globe", "Change the time zone …", () => window.hx.open("hx-zone"), "", "utc"),
      theme("light", "Light theme", "sun"), theme("dark", "Dark theme", "moon"), theme("auto", "Theme as the browser", "sun-moon"),
      command("Help", "keyboard", "Keyboard shortcuts", () => window.hx.keys.show(), "?"),
      command("Account", "log-out", "Sign out", () => signOut(false)),
      command("Account", "log-out", "Sign out everywhere …", confirmSignOut),
    ];
  }
  function commands(views) {
    const pages = config().pages.map((page) => command("Pages", page.icon, page.title, () => go(page), page.letter ? `G ${page.letter.toUpperCase()}` : ""));
    const saved = views.map((view) => command("Views", "bookmark", view.name, () => window.hx.views.apply(view), window.hx.views.page(view)));
    const ranges = Object.entries(config().ranges).filter(([value]) => value !== "now-400d").map(([value, words]) => command("Time range", "calendar", words, () => set({ from: value, to: null }), "", value));
    const filters = config().filters.map((one) => command("Filters", "list-filter", `Filter by ${one.title.toLowerCase()}`, () => window.hx.filterBy(one.name)));
    return [...pages, ...saved, ...actions(), ...ranges, ...filters];
  }
  function palette() {
    if (document.querySelector("dialog.hx-dialog--palette")) return;
    for (const other of document.querySelectorAll("dialog[open]")) other.close();
    let views = [];
    const box = window.hx.listbox({
      label: "Find a page, a range, an action", hint: "Find a page, a range, an action …",
      offer: (text) => { const found = window.hx.matching(commands(views), text); return text ? found : found.filter((one) => !["Filters", "Time range", "Look"].includes(one.group)); },
      pick: (item) => { made.close(); item.run(); },
    });
    const made = window.hx.dialog("Commands", "hx-dialog--palette", box);
    box.refresh();
    box.field.focus();
    window.hx.views.load().then((known) => { views = known.views; box.refresh(true); }, () => { /* without a store there are no views to offer */ });
  }
  Object.assign(window.hx, { palette, go, confirmSignOut });
})();
