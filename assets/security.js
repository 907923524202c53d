/* The Security page: which incident the address names, and the pages of its table; see pages/security. */
(function () {
  "use strict";
  const parameter = (search) => new URLSearchParams(search || "").get("incident") || "";
  const none = () => window.dash_clientside.no_update;

  function drawer(search, open, wanted) {
    const incident = parameter(search);
    return [Boolean(incident) === Boolean(open) ? none() : Boolean(incident), incident === wanted ? none() : incident];
  }
  function closed(open) { if (open === false && parameter(location.search)) window.hx.set({ incident: null }); }
  function turn(older, newer, state, source, page) {
    const id = window.dash_clientside.callback_context.triggered_id;
    if (id === "hx-security-older") return older ? (page || 0) + 1 : none();
    if (id === "hx-security-newer") return newer ? Math.max(0, (page || 0) - 1) : none();
    return 0;
  }
  function asked() { return window.dash_clientside.callback_context.triggered_id === "hx-incident-purge"; }
  function quiet() { return ["", "", "", ""]; }

  /* a line opens its incident over this view, whatever else the address says */
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("#hx-security-incidents a[data-inside]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    window.hx.set({ incident: parameter(new URL(link.href, location).search) });
  }, true);
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxsecurity: { drawer, closed, turn, asked, quiet } });
})();
