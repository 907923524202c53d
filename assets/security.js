/* The Security page: which incident the address names, and the pages of its table; see pages/security. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;

  function turn(older, newer, state, source, page) {
    const id = window.dash_clientside.callback_context.triggered_id;
    if (id === "hx-security-older") return older ? (page || 0) + 1 : none();
    if (id === "hx-security-newer") return newer ? Math.max(0, (page || 0) - 1) : none();
    return 0;
  }
  function asked() { return window.dash_clientside.callback_context.triggered_id === "hx-incident-purge"; }
  function quiet() { return ["", "", "", ""]; }

  const { drawer, closed } = window.hxDrawer.make({ key: "hx-incident", ...window.hxDrawer.among("incident", "hx-security-incidents-table") });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxsecurity: { drawer, closed, turn, asked, quiet } });
})();
