/* Which server a page shows is kept in its address (server=…). See pages/kv_cache/callbacks.py. */
(function () {
  "use strict";
  /* the address says which one; a name that nobody knows is the first */
  function chosen(search, options, shown) {
    const asked = new URLSearchParams(search || "").get("server"), known = (options || []).map((one) => one.value);
    const value = known.includes(asked) ? asked : known[0];
    return value === shown ? window.dash_clientside.no_update : value;
  }
  /* the first one needs no word in the address */
  function choose(value, options) { window.hx.set({ server: value === options[0].value ? null : value }); }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxservers: { chosen, choose } });
})();
