/* The forms of the costs page: what they offer follows from what is known; see pages/costs/budget_form.py, price_form.py. */
(function () {
  "use strict";
  const none = () => window.dash_clientside.no_update;
  const part = (type, props) => ({ type, namespace: "dash_html_components", props });
  const options = (words) => (words || []).map((value) => part("Option", { value }));

  function budget(kind, window_, known) { return [options(known && known.names[kind]), kind || "global", window_ || "month"]; }
  /* a budget that is there brings its limit with it; a new one leaves what is typed */
  function prefill(kind, name, window_, whose, known) {
    const has = known && known.has[[known.mine || (whose || "").trim(), kind, kind === "global" ? "" : name || "", window_].join(":")];
    return has ? [has.limit, has.days, has.since, has.steps] : [none(), none(), none(), none()];
  }
  /* who sees one organization has no list of them */
  function whose(known) {
    const list = document.getElementById("hx-costs-budget-organizations");
    if (list && known) list.replaceChildren(...known.whose.map((value) => window.hx.node("option", { value })));
  }
  function models(scope, known) { return [options(known && known.models), scope || "all"]; }
  /* a model without a price is offered one from its first day on */
  function since(model, known) { return (known && known.since[model]) || none(); }
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxcosts: { budget, prefill, whose, models, since } });
})();
