/* The forms of the rate limits page: what they offer follows from what is known; see pages/rate_limits/editing.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const WINDOWS = ["rpm", "tpm", "rpd", "tpd"];
  const part = (type, props) => ({ type, namespace: "dash_html_components", props });
  const options = (kind, known) => ((known && known.names[kind]) || []).map((value) => part("Option", { value }));

  function named(kind, known) { return options(kind, known); }
  function offer(kind, known) {
    const tiers = ((known && known.tiers) || []).map((name) => ({ label: name, value: name }));
    const first = kind === "default" ? [{ label: "No limits", value: "" }] : [{ label: "Choose …", value: "" }, { label: "Own limits", value: known ? known.own : "own limits" }];
    return [options(kind, known), [...first, ...tiers], kind || "tier"];
  }
  function numbers(kind, name, known) {
    let has = known && known.has[`${kind}:${kind === "default" ? "" : name || ""}`];
    if (has && has[WINDOWS[0]] === undefined && kind !== "default") has = { ...known.has[`tier:${has.tier}`], tier: has.tier };
    return has || null;
  }
  /* a name that is known brings its limits with it; a new one leaves what is typed */
  function prefill(kind, name, known) {
    const has = numbers(kind, name, known);
    if (!has) return [kind === "tier" ? "" : none(), ...WINDOWS.map(none)];
    return [kind === "tier" ? "" : has.tier || "", ...WINDOWS.map((window) => has[window] ?? null)];
  }
  function proposed(kind, name, known) {
    const has = numbers(kind, name, known);
    return WINDOWS.map((window) => (has ? has[window] ?? null : none()));
  }
  function own(tier, kind) { return String(kind === "tier" || (kind !== "default" && tier === "own limits")); }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxlimits: { named, offer, prefill, proposed, own } });
})();
