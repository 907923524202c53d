/* Instants and wall clocks in the zone of the page: what the server writes as a time, the browser writes the same way. */
(function () {
  "use strict";
  const formats = {};
  /* Intl knows "+02:00" where we say "UTC+02:00" */
  const named = (zone) => zone.replace(/^UTC(?=[+-])/, "");
  function format(zone) {
    if (!formats[zone]) {
      const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
      try { formats[zone] = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: named(zone) }); }
      catch (error) { console.warn("this browser does not know the zone", zone); formats[zone] = new Intl.DateTimeFormat("sv-SE", { ...options, timeZone: "UTC" }); }
    }
    return formats[zone];
  }
  /* 2026-01-31 14:00:05 */
  const wall = (milliseconds, zone) => format(zone || window.hx.zone()).format(new Date(milliseconds)).replace(",", "");
  /* +01:00 */
  function offset(zone, milliseconds) {
    const now = Math.floor((milliseconds || Date.now()) / 60000) * 60000;
    const minutes = Math.round((Date.parse(wall(now, zone).replace(" ", "T") + "Z") - now) / 60000);
    const size = Math.abs(minutes);
    return `${minutes < 0 ? "−" : "+"}${String(Math.floor(size / 60)).padStart(2, "0")}:${String(size % 60).padStart(2, "0")}`;
  }
  const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
  /* milliseconds of "now-24h"; null for a time of its own */
  function relative(text, now) {
    const found = /^now(?:-(\d{1,6})([smhdw]))?$/.exec(text);
    return found ? now - (found[1] ? Number(found[1]) * UNITS[found[2]] * 1000 : 0) : null;
  }
  /* a time of the address as people read it: one with a zone of its own is told in the zone of the page */
  function moment(text) {
    const instant = /T.*(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : NaN;
    const words = Number.isNaN(instant) ? text.replace("T", " ") : wall(instant);
    return words.replace(/(:\d\d):00(\.0+)?$/, "$1");
  }
  /* what a date and time field holds for a time of the address */
  function field(text, now) {
    const instant = relative(text, now);
    const words = instant === null ? moment(text) : wall(instant);
    return /^\d{4}-\d\d-\d\d$/.test(words) ? words + "T00:00" : words.slice(0, 16).replace(" ", "T");
  }
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  /* a range as a phone has room for it: "15 Nov – 22 Nov", "15 Nov 14:00 – 16:30"; null where it cannot be told so */
  function brief(from, to) {
    const now = Date.now(), ends = [from, to].map((text) => field(text, now));
    if (!ends.every((text) => /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text))) return null;
    const [start, end] = ends, years = ends.map((text) => text.slice(0, 4));
    const day = (text) => `${Number(text.slice(8, 10))} ${MONTHS[Number(text.slice(5, 7)) - 1]}`;
    const dated = (text) => (years[0] === years[1] ? day(text) : `${day(text)} ${text.slice(0, 4)}`);
    const year = years[0] === years[1] && years[1] !== wall(now).slice(0, 4) ? " " + years[1] : "";
    const clock = (text) => (ends.every((one) => one.endsWith("T00:00")) ? "" : " " + text.slice(11));
    const last = dated(start) === dated(end) && clock(end) ? clock(end) : " " + dated(end) + clock(end);
    return dated(start) + clock(start) + " –" + last + year;
  }
  const city = (zone) => zone.split("/").pop().replace(/_/g, " ");

  Object.assign(window.hx, { time: { wall, offset, relative, moment, field, brief, city } });
})();
