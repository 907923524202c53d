/* How the cells of the request grid read; see pages/requests/grid.py. */
(function () {
  "use strict";
  const unknown = "—";
  const number = (digits) => new Intl.NumberFormat("en-US", { minimumFractionDigits: 0, maximumFractionDigits: digits });
  const formats = { 0: number(0), 1: number(1), 3: number(3) };
  const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 4, maximumFractionDigits: 6 });
  const clocks = {}, SMALL = matchMedia("(max-width: 600px)");
  const WHOLE = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false };
  function time(value) {
    if (value == null) return unknown;
    const zone = window.hx.zone().replace(/^UTC(?=[+-])/, "");
    if (!clocks[zone]) {
      try { clocks[zone] = new Intl.DateTimeFormat("sv-SE", { ...WHOLE, timeZone: zone }); }
      catch (error) { console.warn("this browser does not know the zone", zone); clocks[zone] = new Intl.DateTimeFormat("sv-SE", { ...WHOLE, timeZone: "UTC" }); }
    }
    const text = clocks[zone].format(new Date(value)).replace(",", ".");
    return SMALL.matches ? text.slice(5, 19) : text; /* on a phone the day and the second must do */
  }
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.hxTime = time;
  functions.hxNumber = (value, digits) => (value == null ? unknown : formats[digits].format(value));
  /* what is read in tenths, and in thousandths below a millisecond, where a tenth tells nothing */
  functions.hxDuration = (value) => functions.hxNumber(value, value < 1 ? 3 : 1);
  functions.hxMoney = (value) => (value == null ? unknown : value === 0 ? "$0" : "$" + money.format(value));
  functions.hxFlag = (value) => (value == null ? unknown : value ? "yes" : "no");
  functions.hxWord = (value) => (value == null ? unknown : value);

  const tones = { success: "good", error: "bad", throttled: "warn", blocked: "info" };
  const components = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  components.HxStatus = (props) => props.value == null ? null
    : window.React.createElement("span", { className: "hx-tag", "data-tone": tones[props.value] || "none" }, props.value);
})();
