/* Making elements without a word of HTML: what a text holds stays text. */
(function () {
  "use strict";
  function node(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name === "className") element.className = value;
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }
  const icon = (name) => node("span", { className: `hx-icon hx-icon--${name}`, "aria-hidden": "true" });
  const button = (words, attributes, look) => node("button", { type: "button", className: "hx-button", ...attributes }, look ? icon(look) : null, words);
  Object.assign(window.hx, { node, icon, button });
})();
