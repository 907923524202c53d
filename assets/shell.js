/* What happens by itself and what a click anywhere means: the beat of refreshes, and buttons known by their data. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const { set, toggle, exclude, clear } = window.hx;

  /* ---- time ---- */
  let asked = 0;
  /* the server may ask for a slower pace, see metrics/pace.py: then some beats are left out */
  const SLOWEST = 60_000;
  const every = () => 1000 * (Number(new URLSearchParams(location.search).get("refresh") || window.hx.config().refresh) || 0);
  window.hx.pace = 1;
  window.hx.wait = () => Math.max(every(), Math.min(every() * window.hx.pace, SLOWEST));
  function tick(intervals, before, busy) {
    if (document.hidden) return none();
    if (Date.now() - asked < window.hx.wait() - every() / 2 && window.hx.pace > 1) return none();
    if (busy === "true" && Date.now() - asked < 30000) return none();
    asked = Date.now();
    return { n: before.n + 1 };
  }
  function beat() {
    asked = Date.now();
    window.dash_clientside.set_props("hx-tick", { data: { n: Math.floor(asked / 1000) } });
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && asked && Date.now() - asked > 5000 && new URLSearchParams(location.search).get("refresh") !== "off") {
      beat();
    }
  });

  /* ---- clicks anywhere ---- */
  async function copy(button) {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.firstElementChild.className = "hx-icon hx-icon--check";
    setTimeout(() => { button.firstElementChild.className = "hx-icon hx-icon--copy"; }, 1200);
  }
  const named = {
    clear, palette: () => window.hx.palette(), pause: () => window.hx.togglePause(), compare: () => window.hx.toggleCompare(),
    widen: () => set({ from: "now-30d", to: null }), retry: () => beat(), apply: () => window.hx.applyRange(),
    "link-now": () => window.hx.copyLink(false), "link-exact": () => window.hx.copyLink(true), leave: () => window.hx.confirmSignOut(),
  };
  function act(target) {
    const found = target.closest("[data-set], [data-remove], [data-edit], [data-action], [data-filter], [data-copy], .hx-bar");
    if (!found) return false;
    const not = found.dataset.not === "true";
    if (found.dataset.set) set(JSON.parse(found.dataset.set));
    else if (found.dataset.remove) (not ? exclude : toggle)(found.dataset.remove, found.dataset.value);
    else if (found.dataset.edit) { window.hx.filterBy(found.dataset.edit, not); return false; }
    else if (found.dataset.copy) { copy(found); return false; }
    else if (found.dataset.action) { if (named[found.dataset.action]) named[found.dataset.action](); }
    else {
      const mark = found.classList.contains("hx-bar") ? found.querySelector("[data-filter]") : found;
      if (mark.dataset.filter) toggle(mark.dataset.filter, mark.dataset.value);
    }
    return true;
  }
  document.addEventListener("click", (event) => {
    const layer = event.target.closest("details.hx-pop"), done = act(event.target);
    if (done && layer && event.target.closest(".hx-pop__body") && !event.target.closest("[data-remove]")) window.hx.close(layer.id);
  });
  document.addEventListener("scroll", () => document.documentElement.classList.toggle("hx-scrolled", scrollY > 4), { passive: true });

  /* a session that ended: the server says 401 to callbacks, and the login page is one reload away */
  const fetched = window.fetch;
  window.fetch = async (...args) => {
    const response = await fetched(...args);
    if (response.status === 401 && String(args[0].url || args[0]).includes("_dash-update-component")) location.reload();
    return response;
  };

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    hx: { ...window.dash_clientside.hx, tick },
  });
})();
