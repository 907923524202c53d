/* The header: range, zone, refresh and pause, comparison, the link to copy. All it does is read and write the address. */
(function () {
  "use strict";
  const { set } = window.hx;
  const params = (search) => new URLSearchParams(search === undefined ? location.search : search);
  const seconds = (text) => { const number = Number(text); return number > 0 ? number : null; };
  let resumed = null; /* the refresh to go back to after a pause */

  function mark(chosen) {
    for (const button of document.querySelectorAll("[data-choice]")) {
      const [name, value] = button.dataset.choice.split("=");
      button.setAttribute("aria-pressed", String(chosen[name] === value));
    }
  }
  /* links of the menu carry range and filters; what belongs to one page stays behind */
  function carry(search) {
    const carried = params(search);
    for (const own of ["grid", "columns", "density", "request", "tab", "server"]) carried.delete(own);
    const text = window.hx.text(carried), tail = text ? "?" + text : "";
    for (const link of document.querySelectorAll(".hx-nav__item")) {
      const path = new URL(link.href, location).pathname;
      window.dash_clientside.set_props(JSON.parse(link.id), { href: path + tail });
      const here = path === location.pathname, was = link.hasAttribute("aria-current");
      if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
      if (here && !was) inSight(link);
    }
  }
  /* on a phone the menu is a strip that scrolls sideways */
  function inSight(link) {
    const strip = link.closest(".hx-sidebar");
    if (!strip || strip.scrollWidth <= strip.clientWidth) return;
    const there = link.getBoundingClientRect(), room = strip.getBoundingClientRect();
    strip.scrollLeft += there.left - room.left - (room.width - there.width) / 2;
  }
  function pause(off) {
    const button = document.getElementById("hx-pause");
    if (!button) return;
    const name = off ? "Go on refreshing (P)" : "Pause refreshing (P)";
    button.setAttribute("aria-pressed", String(off));
    button.setAttribute("aria-label", name);
    button.title = name;
  }
  /* the words of the range: at length, and as a phone has room for them */
  function rangeWords(from, to, config) {
    const { moment, brief } = window.hx.time;
    if (to === "now" && config.ranges[from]) return config.ranges[from];
    const [, count, unit] = (to === "now" && /^now-(\d+)([mhdw])$/.exec(from)) || [];
    if (unit) return `Last ${count} ${{ m: "minute", h: "hour", d: "day", w: "week" }[unit]}${count === "1" ? "" : "s"}`;
    const long = to === "now" ? "Since " + moment(from) : moment(from) + " – " + moment(to);
    const short = to === "now" ? null : brief(from, to);
    const span = (className, children) => ({ namespace: "dash_html_components", type: "Span", props: { className, children } });
    return short === null ? long : [span("hx-long", long), span("hx-short", short)];
  }
  function controls(search, pathname, config) {
    const now = params(search);
    const from = now.get("from") || config.from, to = now.get("to") || "now", zone = now.get("zone") || config.zone;
    const refresh = now.get("refresh") || config.refresh, every = seconds(refresh);
    const compared = now.get("compare") === "previous";
    if (every) resumed = now.get("refresh");
    mark({ from: to === "now" ? from : "", refresh, theme: window.hxApplyTheme() });
    document.getElementById("hx-compare").setAttribute("aria-pressed", String(compared));
    carry(search);
    pause(!every);
    const { city, offset } = window.hx.time, range = rangeWords(from, to, config);
    const words = !every ? "Paused" : every < 60 ? every + " s" : every / 60 + " min";
    document.getElementById("hx-zone-button").title = `Time zone: ${zone} (UTC${offset(zone)})`;
    return [range, words, every ? every * 1000 : 3600000, !every, city(zone), zone.replace(/_/g, " ")];
  }
  const paused = () => !seconds(params().get("refresh") || window.hx.config().refresh);
  function togglePause() {
    const standard = window.hx.config().refresh;
    set({ refresh: paused() ? (resumed === standard ? null : resumed || (seconds(standard) ? null : "30")) : "off" });
  }
  const toggleCompare = () => set({ compare: params().get("compare") === "previous" ? null : "previous" });

  /* ---- the custom range ---- */
  function fill() {
    const now = Date.now(), config = window.hx.config();
    const given = { "hx-from": params().get("from") || config.from, "hx-to": params().get("to") || "now" };
    for (const [id, text] of Object.entries(given)) {
      document.getElementById(id).type = "datetime-local";
      window.dash_clientside.set_props(id, { value: window.hx.time.field(text, now) });
    }
  }
  function apply() {
    const [from, to] = ["hx-from", "hx-to"].map((id) => document.getElementById(id).value.trim().replace(" ", "T"));
    if (from) set({ from, to: to || null });
    window.hx.close("hx-range");
  }
  document.addEventListener("toggle", (event) => { if (event.target.id === "hx-range" && event.target.open) fill(); }, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.closest && event.target.closest(".hx-range__custom input")) apply();
  });

  /* ---- the link ---- */
  function link(exact) {
    const now = params();
    if (exact) {
      const { relative } = window.hx.time, present = Math.floor(Date.now() / 1000) * 1000;
      for (const [name, standard] of [["from", window.hx.config().from], ["to", "now"]]) {
        const instant = relative(now.get(name) || standard, present);
        if (instant !== null) now.set(name, new Date(instant).toISOString().replace(".000Z", "Z"));
      }
      now.set("zone", window.hx.zone());
      if (!/^[A-Za-z]+(\/|$)/.test(window.hx.zone())) now.delete("zone"); // a plain offset has no name to be asked by
    }
    now.delete("theme");
    const text = window.hx.text(now);
    return location.origin + location.pathname + (text ? "?" + text : "");
  }
  async function copyLink(exact) {
    window.hx.close("hx-link");
    try {
      await navigator.clipboard.writeText(link(exact));
      window.hx.tell(exact ? "Link to exactly this period copied." : "Link copied.");
    } catch (error) {
      window.hx.tell("The browser did not let us copy. The address bar has the link.");
    }
  }
  Object.assign(window.hx, { togglePause, toggleCompare, applyRange: apply, copyLink, paused });
  Object.assign(window.dash_clientside.hx, { controls });
})();
