/* The drawer over one prompt of the cache page, opened from the tables of prompts; see pages/cache/prompt_drawer.py. */
(function () {
  "use strict";
  const { drawer, closed } = window.hxDrawer.make({ key: "hx-prompt", ...window.hxDrawer.among("prompt", "hx-cache-prompts-table", "hx-cache-waste-table") });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxprompt: { drawer, closed } });
})();
