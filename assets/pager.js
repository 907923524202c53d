/* Pages of a long table (ui/pager.py): the buttons change a number, the server sends the rows. */
(function () {
  "use strict";
  function turn(...given) {
    const id = String(window.dash_clientside.callback_context.triggered_id || "");
    const [page, pages] = given.slice(-2);
    const at = Number(page) || 0, last = Math.max(0, (Number(pages) || 1) - 1);
    if (id.endsWith("-less")) return Math.max(0, Math.min(at, last) - 1);
    if (id.endsWith("-more")) return Math.min(last, at + 1);
    return 0;
  }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxpager: { turn } });
})();
