/* Text fields that tell what was typed after a pause, and are never written to while somebody types; see ui/typed.py. */
(function () {
  "use strict";
  const timers = {};
  const holder = (field) => field.closest("[data-typed]");
  function now(field) {
    const store = holder(field).dataset.typed;
    clearTimeout(timers[store]);
    window.dash_clientside.set_props(store, { data: field.value });
  }
  document.addEventListener("input", (event) => {
    const found = holder(event.target);
    if (!found) return;
    clearTimeout(timers[found.dataset.typed]);
    timers[found.dataset.typed] = setTimeout(() => now(event.target), Number(found.dataset.wait));
  });
  function clear(field) {
    field.value = "";
    now(field);
  }
  window.hxTyped = { now, clear };
})();
