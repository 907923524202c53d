/* The trust bar: asks how far what is on the page can be trusted, once per refresh, and says it; see ui/trust.py. */
(function () {
  "use strict";
  const PATIENCE = 8000, MINUTE = 60_000;
  const none = () => window.dash_clientside.no_update;

  /* parts are written only when they change: an open layer is not disturbed */
  const written = {};
  function put(id, props) {
    const text = JSON.stringify(props);
    if (written[id] === text) return;
    written[id] = text;
    window.dash_clientside.set_props(id, props);
  }
  function show(answer) {
    put("hx-trust-dot", { "data-tone": answer.tone });
    put("hx-trust-text", { children: answer.text + slowed(answer.signals || []) });
    put("hx-simulated", { hidden: !answer.simulated, children: answer.simulated || "Simulated" });
    for (const signal of answer.signals || []) {
      const id = "hx-trust-" + signal.key;
      put(id, { "data-tone": signal.tone });
      put(id + "-tone", { children: signal.said });
      put(id + "-text", { children: signal.text });
      put(id + "-note", { children: signal.note });
    }
    if (!answer.stale) memory = null;
    banner(answer.stale && answer.stale + older(answer));
  }
  /* what a page shows of the store beside the log may be older than the log: it was read when somebody last looked */
  let memory = null;
  function recalled(root, at) {
    if (!memory || memory.root !== root || at < memory.at) memory = { root, at };
    return none();
  }
  function older(answer) {
    if (!memory || !document.getElementById(memory.root) || memory.at > Date.parse(answer.as_of) - MINUTE) return "";
    return " Tables and samples on this page are from " + clock(memory.at, answer.zone) + ".";
  }
  /* the slowest pace that a worker asked for lately holds: each has its own */
  let paced = 0;
  function slowed(signals) {
    const asked = (signals.find((signal) => signal.key === "pace") || {}).value || 1;
    if (asked >= window.hx.pace || Date.now() - paced > MINUTE) { window.hx.pace = asked; paced = Date.now(); }
    return window.hx.pace > 1 ? ` · every ${Math.round(window.hx.wait() / 1000)} s` : "";
  }
  function banner(words) {
    put("hx-stale-text", { children: words || "" });
    put("hx-stale", { hidden: !words });
  }
  function clock(moment, zone) {
    const options = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
    try { return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone.replace(/^UTC(?=[+-])/, "") }).format(moment) + " " + zone; }
    catch (error) { console.warn("this browser does not know the zone", zone); return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: "UTC" }).format(moment) + " UTC"; }
  }

  /* what was known stays, with the time of the last answer */
  let last = null, answered = 0;
  function silent(words, config) {
    const since = answered ? "since " + clock(answered, (last && last.zone) || config.zone) : "yet";
    put("hx-trust-dot", { "data-tone": "bad" });
    put("hx-trust-text", { children: answered ? "No answer · " + last.text.split(" · ").pop() : "No answer" });
    banner(words || `The dashboard’s server has not answered ${since}. ${answered ? "Showing what was known then." : ""}`.trim());
  }
  async function fetched(address) {
    const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE), headers: { Accept: "application/json" } });
    if (answer.status === 401) location.reload();
    return answer;
  }
  let asking = false, failures = 0;
  async function ask(tick, filter, config) {
    if (!filter || asking || document.hidden) return none();
    asking = true;
    try {
      const answer = await fetched(config.prefix + "api/v1/trust" + location.search);
      const told = await answer.json();
      if (!answer.ok) { silent(told.error && told.error.message, config); return none(); }
      failures = 0; answered = Date.now(); last = told;
      show(told);
      return told;
    } catch (error) {
      failures += 1;
      if (failures > 1) silent("", config);
      return none();
    } finally { asking = false; }
  }

  /* the layer opens at what is wrong */
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "hx-trust" || !event.target.open) return;
    for (const entry of event.target.querySelectorAll(".hx-signal")) entry.open = ["warn", "bad"].includes(entry.dataset.tone);
  }, true);

  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxtrust: { ask, recalled } });
})();
