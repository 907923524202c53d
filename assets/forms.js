/* The forms that change something: the question before something is taken away is open from "remove" until it is answered. */
(function () {
  "use strict";
  function asked() { return /-remove$/.test(window.dash_clientside.callback_context.triggered_id || ""); }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxforms: { asked } });
})();
