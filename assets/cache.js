/* The deeds of the cache page: what a button asks for stands in one store until somebody confirms it; see pages/cache/controls.py. */
(function () {
  "use strict";
  const ASKED = "hx-cache-asked";
  const dash = () => window.dash_clientside;
  let number = 0;

  /* a button in a table brings its question along */
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest("#hx-cache [data-deed], .hx-prompt [data-deed]");
    if (!button) return;
    dash().set_props(ASKED, { data: { ...JSON.parse(button.dataset.deed), n: number += 1 } });
  });
  /* the form makes one */
  function ask(clicks, kind, name, hours) {
    if (!clicks) return dash().no_update;
    const named = String(name || "").trim();
    if (kind === "age") {
      const age = Number(hours);
      if (hours === null || hours === "" || !(age >= 0)) return dash().no_update;
      return { words: `Evict all entries that are older than ${age} hours?`, what: { by: "age", seconds: age * 3600 }, n: number += 1 };
    }
    if (!named) return dash().no_update;
    const words = { model: `Evict all entries of the model ${named}?`, owner: `Evict all entries that ${named} wrote?`, key: `Evict the entry ${named}?` };
    return { words: words[kind], what: { by: kind, [kind]: named }, n: number += 1 };
  }
  function confirm(asked) {
    const id = dash().callback_context.triggered_id;
    return [id === ASKED && Boolean(asked), asked ? asked.words : ""];
  }
  /* a setting brings its present value with it */
  function present(name, known) {
    const one = known && known[name];
    return [one ? one.value : null, one ? one.words : "", one ? one.step : 1];
  }
  const kind = (chosen) => chosen;
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxcache: { ask, confirm, present, kind } });
})();
