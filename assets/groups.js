/* The form for groups of users: what it offers follows from what is known; see pages/users/editing.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const triggered = () => window.dash_clientside.callback_context.triggered_id;
  const option = (value) => ({ type: "Option", namespace: "dash_html_components", props: { value } });

  function offer(known) {
    return known ? [Object.keys(known.groups).map(option), known.users.map(option)] : [[], []];
  }
  function lines(text) { return String(text || "").split(/[\n,;]/).map((one) => one.trim()).filter(Boolean); }
  /* a name that is known brings its members with it; a new one leaves what is typed */
  function members(name, _add, _filtered, who, typed, known, filter) {
    const id = triggered();
    if (id === "hx-groups-name") {
      const has = known && known.groups[String(name || "").trim()];
      return [has ? has.join("\n") : none(), none()];
    }
    const more = id === "hx-groups-add" ? lines(who) : (((filter || {}).where || {}).user || []).filter(Boolean);
    if (!more.length) return [none(), none()];
    return [[...new Set([...lines(typed), ...more])].join("\n"), ""];
  }
  function gone(data) { return String(Boolean(data)); }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxgroups: { offer, members, gone } });
})();
