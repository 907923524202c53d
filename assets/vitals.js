/* How this page does in this browser: drawing, answers, pauses, memory, what was loaded. Told to our own server about
   once a minute, in figures and names of our own files only; see vitals/visits.py and docs/api.md. */
(function () {
  "use strict";
  const FIRST = 12000, THEN = 60000, MOST = 60, FILES = 80, NAME = /^[A-Za-z0-9._/-]{1,80}$/;
  const script = document.currentScript && document.currentScript.src;
  if (!script || !window.PerformanceObserver) return;
  const prefix = new URL(script).pathname.replace(/assets\/[^/]*$/, "");

  let report = fresh(), files = [], largest = null;
  function fresh() { return { render: [], trip: [], long: [] }; }
  function note(list, value) { if (list.length < MOST && Number.isFinite(value)) list.push(Math.round(value * 10) / 10); }

  function kind(entry, name) {
    if (name === "call") return "call";
    if (/\.js$/.test(name)) return "script";
    if (/\.css$/.test(name)) return "style";
    if (/\.woff2?$/.test(name)) return "font";
    if (/\.(png|svg|ico)$/.test(name)) return "image";
    return entry.entryType === "navigation" ? "document" : "other";
  }
  function named(entry) {
    const path = new URL(entry.name, location).pathname;
    if (!path.startsWith(prefix)) return "";
    const below = path.slice(prefix.length);
    if (below === "_dash-update-component") return "call";
    return below || "document";
  }
  function loaded(entry) {
    const name = named(entry).slice(-80);
    if (!NAME.test(name) || files.length >= FILES || entry.startTime > FIRST) return;
    files.push([name, kind(entry, name), Math.round(entry.startTime), Math.round(entry.responseEnd || entry.startTime), entry.transferSize || 0]);
  }
  const watchers = {
    measure(entry) {
      if (entry.name !== "hx-fill") return;
      note(report.render, entry.duration);
      performance.clearMeasures("hx-fill");
    },
    resource(entry) {
      if (named(entry) === "call") note(report.trip, entry.responseEnd - entry.startTime);
      loaded(entry);
    },
    longtask(entry) { note(report.long, entry.duration); },
    "largest-contentful-paint"(entry) { largest = entry.startTime; },
  };
  for (const [type, take] of Object.entries(watchers)) {
    if (!(PerformanceObserver.supportedEntryTypes || []).includes(type)) continue;
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  }

  function first() {
    const navigation = performance.getEntriesByType("navigation")[0];
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const ready = {};
    if (navigation) {
      if (navigation.domContentLoadedEventEnd > 0) ready.document = navigation.domContentLoadedEventEnd;
      files.unshift(["document", "document", 0, Math.round(navigation.responseEnd), navigation.transferSize || 0]);
    }
    if (paint) ready.first_paint = paint.startTime;
    if (largest !== null) ready.largest_paint = largest;
    return { ready, loaded: files.slice(0, FILES) };
  }
  let told = false;
  function tell() {
    const empty = !report.render.length && !report.trip.length && !report.long.length;
    if (empty && told) return;
    const memory = performance.memory && performance.memory.usedJSHeapSize;
    const body = Object.assign({ page: "/" + location.pathname.slice(prefix.length), memory: memory || null }, report, told ? {} : first());
    told = true;
    report = fresh();
    files = [];
    /* nobody waits for it, and a server that does not want it loses us nothing */
    fetch(prefix + "api/v1/visits", { method: "POST", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(() => {});
  }
  const unlessHidden = () => { if (!document.hidden) tell(); };
  setTimeout(() => { unlessHidden(); setInterval(unlessHidden, THEN); }, FIRST);
})();
