/* The zone of the page: what the server reports in, UTC, the browser's own, or any other. */
(function () {
  "use strict";
  const own = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  /* browsers name some zones in an older way only (Asia/Calcutta): ours come first */
  const all = () => [...new Set([...window.hx.config().zones, ...(Intl.supportedValuesOf ? Intl.supportedValuesOf("timeZone") : [])])];

  const item = (zone, name, note, chosen, group) => ({ zone, title: name.replace(/_/g, " "), also: name, note: [note, window.hx.time.offset(name)].filter(Boolean).join(" · "), chosen, group });
  function offer(text) {
    const config = window.hx.config();
    const given = new URLSearchParams(location.search).get("zone");
    const first = [item(null, config.zone, "Reporting zone", !given)];
    for (const [zone, note] of [["UTC", ""], [own(), "This browser"], [given, ""]]) {
      if (zone && zone !== config.zone && !first.some((one) => one.zone === zone)) first.push(item(zone, zone, note, zone === given));
    }
    const known = new Set(first.map((one) => one.also));
    const others = (text ? all() : config.zones).filter((zone) => !known.has(zone));
    const group = text ? "All zones" : "Common zones";
    return [...window.hx.matching(first, text), ...window.hx.matching(others.map((zone) => item(zone, zone, "", false, group)), text).slice(0, 60)];
  }
  function pick(chosen) {
    window.hx.set({ zone: chosen.zone });
    window.hx.close("hx-zone");
  }
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "hx-zone") return;
    const body = document.getElementById("hx-zone-body");
    if (!event.target.open) { body.replaceChildren(); return; }
    const box = window.hx.listbox({ label: "Find a time zone", hint: "Find a time zone …", offer, pick, none: () => "No zone is called that." });
    body.replaceChildren(box);
    box.refresh();
    box.field.focus();
  }, true);
  window.hx.ownZone = own;
})();
