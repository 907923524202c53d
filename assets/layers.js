/* Layers that open below a button (details.hx-pop), and dialogs: one at a time, closed by Escape or a click beside them. */
(function () {
  "use strict";
  const { node } = window.hx;
  const opened = () => [...document.querySelectorAll("details.hx-pop[open]")];
  function close(id) {
    const layer = document.getElementById(id);
    if (!layer || !layer.open) return;
    const inside = layer.contains(document.activeElement);
    layer.open = false;
    if (inside) layer.querySelector("summary").focus();
  }
  function open(id) {
    const layer = document.getElementById(id);
    if (layer) layer.open = true;
  }
  document.addEventListener("click", (event) => {
    if (!event.target.isConnected) return; // a layer that redrew itself under the click
    const inside = event.target.closest("details.hx-pop");
    for (const layer of opened()) if (layer !== inside) layer.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const layer of opened()) { layer.open = false; layer.querySelector("summary").focus(); }
  });
  document.addEventListener("toggle", (event) => {
    if (!event.target.open || !event.target.classList.contains("hx-pop")) return;
    for (const layer of opened()) if (layer !== event.target) layer.open = false;
    const first = event.target.querySelector("input[type=search]");
    if (first) first.focus();
  }, true);

  /* a modal dialog: the browser keeps the focus inside it and gives it back */
  function dialog(label, className, ...children) {
    const made = node("dialog", { className: `hx-dialog ${className || ""}`, "aria-label": label }, ...children);
    made.addEventListener("click", (event) => { if (event.target === made) made.close(); });
    made.addEventListener("close", () => made.remove());
    document.body.append(made);
    made.showModal();
    return made;
  }

  /* one line at the foot of the page, with at most one thing to do about it */
  function tell(text, action, run) {
    for (const old of document.querySelectorAll(".hx-toast")) old.remove();
    const toast = node("div", { className: "hx-toast", role: "status" }, node("span", {}, text));
    if (action) {
      const button = node("button", { type: "button", className: "hx-link" }, action);
      button.addEventListener("click", () => { toast.remove(); run(); });
      toast.append(button);
    }
    document.body.append(toast);
    setTimeout(() => toast.remove(), action ? 8000 : 4000);
  }
  Object.assign(window.hx, { open, close, dialog, tell });
})();
