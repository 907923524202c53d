/* Tables of ui/rows.py: one store becomes rows. What stays is changed in place, so focus and scroll survive. */
(function () {
  "use strict";
  function made(kind, className) {
    const one = document.createElement(kind);
    if (className) one.className = className;
    return one;
  }
  function put(element, property, value) { if (element[property] !== value) element[property] = value; }
  function named(cell, row) {
    const kind = row.href ? "a" : row.where ? "button" : "span";
    let one = cell.firstElementChild;
    if (!one || one.tagName.toLowerCase() !== kind) {
      one = made(kind, row.href ? "hx-link" : row.where ? "hx-name" : "hx-name hx-name--still");
      if (row.where && !row.href) one.type = "button";
      cell.replaceChildren(one);
    }
    put(one, "textContent", row.name);
    put(one, "title", row.name);
    if (row.href) { one.setAttribute("href", row.href); one.dataset.inside = ""; } else if (row.where) [one.dataset.filter, one.dataset.value] = row.where;
  }
  function filled(cell, value, bar) {
    const told = typeof value === "string" ? { text: value } : value;
    const kind = told.deed ? "button" : "span";
    let one = cell.firstElementChild;
    if (!one || one.tagName.toLowerCase() !== kind) {
      cell.replaceChildren(one = made(kind));
      if (told.deed) one.type = "button";
    }
    put(one, "className", told.deed ? "hx-link" : bar ? "hx-share" : told.tone ? "hx-tag" : "");
    if (told.deed && one.dataset.deed !== told.deed) one.dataset.deed = told.deed;
    put(one, "textContent", told.text);
    put(one, "title", told.why || "");
    if (told.tone) one.dataset.tone = told.tone;
  }
  function built(box, data) {
    const table = made("table", "hx-table"), head = table.createTHead().insertRow();
    [{ title: data.head, text: true }, ...data.columns].forEach((column) => {
      const cell = made("th", column.text ? "" : "hx-number");
      cell.scope = "col";
      cell.textContent = column.title;
      head.append(cell);
    });
    table.createTBody();
    table.dataset.form = form(data);
    box.replaceChildren(table);
    return table;
  }
  const form = (data) => JSON.stringify([data.head, data.columns]);
  const given = {};
  function plain(text) {
    const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+$/.test(text) ? "'" + text : text; /* a spreadsheet would run it */
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  }
  /* all digits where they are known; what is unknown is empty */
  const bare = (cell) => (typeof cell === "string" ? cell : cell.raw !== undefined ? cell.raw : cell.text).replace(/^—$/, "");
  function download(name) {
    const data = given[name], params = new URLSearchParams(location.search);
    if (!data) return;
    const lines = [[data.head, ...data.columns.map((column) => column.title)], ...data.rows.map((row) => [row.name, ...row.cells.map(bare)])];
    const link = document.createElement("a"), text = lines.map((line) => line.map(plain).join(",") + "\r\n").join("");
    const title = document.getElementById(`hx-${name}-heading`).textContent;
    const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.href = address;
    link.download = `${title} ${params.get("from") || "now-24h"} to ${params.get("to") || "now"}`.toLowerCase().replace(/:/g, "").replace(/[^a-z0-9-]+/g, "-") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
  document.addEventListener("click", (event) => {
    const found = event.target.closest && event.target.closest("[data-rows-csv]");
    if (found) download(found.dataset.rowsCsv);
  });
  function fill(data) {
    const id = window.dash_clientside.callback_context.triggered_id;
    const box = data && id && document.getElementById(id.replace(/-rows$/, "-table"));
    if (!box) return;
    given[id.replace(/^hx-|-rows$/g, "")] = data;
    let table = box.querySelector("table");
    if (!table || table.dataset.form !== form(data)) table = built(box, data);
    const body = table.tBodies[0];
    while (body.rows.length > data.rows.length) body.deleteRow(-1);
    data.rows.forEach((row, index) => {
      let line = body.rows[index];
      if (!line) {
        line = body.insertRow();
        const head = made("th");
        head.scope = "row";
        line.append(head, ...data.columns.map((column) => made("td", column.text ? "" : "hx-number")));
      }
      line.style.setProperty("--share", `${(row.share * 100).toFixed(1)}%`);
      line.style.setProperty("--mark", row.colour || "transparent");
      line.style.setProperty("--mark-size", row.colour ? "8px" : "0px");
      named(line.cells[0], row);
      row.cells.forEach((cell, at) => filled(line.cells[at + 1], cell, data.columns[at].bar));
    });
  }
  /* a link within the app opens without a new document */
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest("a[data-inside]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const address = new URL(link.href, location);
    window.dash_clientside.set_props("hx-url", { pathname: address.pathname, search: address.search });
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxrows: { fill } });
})();
