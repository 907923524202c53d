/* Tables of ui/rows.py and ui/rich_table.py, built from rows. What stays is changed in place: focus and scroll survive. */
(function () {
  "use strict";
  function made(kind, className) {
    const one = document.createElement(kind);
    if (className) one.className = className;
    return one;
  }
  function put(element, property, value) { if (element[property] !== value) element[property] = value; }
  function styled(element, property, value) {
    if (element.style.getPropertyValue(property) !== value) element.style.setProperty(property, value);
  }
  /* a cell: how each kind is made, and what it is told */
  const KINDS = {
    words: {
      make: () => made("span"),
      tell(one, told, column) {
        put(one, "className", column.bar ? "hx-share" : told.tone ? "hx-tag" : "");
        put(one, "textContent", told.text);
        put(one, "title", told.why || (told.tone ? told.text : ""));
        if (told.tone) one.dataset.tone = told.tone;
      },
    },
    meter: {
      make() {
        const one = made("span", "hx-gauge"), bar = made("span", "hx-gauge__bar");
        bar.ariaHidden = "true";
        one.append(bar, made("span", "hx-gauge__text"));
        return one;
      },
      tell(one, told) {
        styled(one.firstElementChild, "--share", told.meter);
        put(one.lastElementChild, "textContent", told.text);
        put(one, "title", told.why || "");
        one.dataset.tone = told.tone;
      },
    },
    link: { make: () => made("a", "hx-link"), tell: leads },
    deed: {
      make() {
        const one = made("button", "hx-link");
        one.type = "button";
        return one;
      },
      tell(one, told) {
        put(one, "textContent", told.text);
        put(one, "title", told.why || "");
        if (one.dataset.deed !== told.deed) one.dataset.deed = told.deed;
      },
    },
    trend: {
      make() {
        const one = made("span", "hx-spark");
        one.ariaHidden = "true";
        return one;
      },
      tell(one, told) {
        styled(one, "--trend", told.trend);
        one.style.visibility = told.trend ? "visible" : "hidden";
      },
    },
  };
  const kind = (told) => (told.meter !== undefined ? "meter" : told.trend !== undefined ? "trend" : told.href ? "link" : told.deed ? "deed" : "words");
  function leads(one, told) {
    put(one, "textContent", told.text);
    if (one.getAttribute("href") !== told.href) one.setAttribute("href", told.href);
    one.dataset.inside = "";
  }
  function filled(cell, value, column) {
    const told = typeof value === "string" ? { text: value } : value, now = kind(told);
    if (cell.dataset.kind !== now) {
      cell.dataset.kind = now;
      cell.replaceChildren(KINDS[now].make());
    }
    KINDS[now].tell(cell.firstElementChild, told, column);
  }
  /* what a row is about: leads on, filters, or only names; with a few words below it */
  function named(cell, row) {
    const tag = row.href ? "a" : row.where ? "button" : "span";
    let one = cell.firstElementChild;
    if (!one || one.tagName.toLowerCase() !== tag) {
      one = made(tag, { a: "hx-link", button: "hx-name", span: "hx-name hx-name--still" }[tag]);
      if (row.where) one.type = "button";
      cell.replaceChildren(one);
    }
    put(one, "title", row.name);
    if (row.href) leads(one, { text: row.name, href: row.href });
    else put(one, "textContent", row.name);
    if (row.where) [one.dataset.filter, one.dataset.value] = row.where;
    if (!row.note) return void (one.nextElementSibling && one.nextElementSibling.remove());
    if (!one.nextElementSibling) cell.append(made("small", "hx-note"));
    put(one.nextElementSibling, "textContent", row.note);
  }
  function built(box, shape, form) {
    const table = made("table", shape.rich ? "hx-table hx-table--rich" : "hx-table"), head = table.createTHead().insertRow();
    [{ title: shape.head, text: true }, ...shape.columns].forEach((column) => {
      const cell = made("th", column.text ? "" : "hx-number");
      cell.scope = "col";
      cell.textContent = column.title;
      if (column.help) cell.title = column.help;
      head.append(cell);
    });
    table.createTBody();
    table.dataset.form = form;
    box.replaceChildren(table);
    return table;
  }
  const given = {};
  function plain(text) {
    const safe = /^[=+\-@\t\r]/.test(text) && !/^[+-]?[\d.]+$/.test(text) ? "'" + text : text; /* a spreadsheet would run it */
    return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
  }
  /* all digits where they are known; what is unknown is empty */
  const bare = (cell) => (typeof cell === "string" ? cell : cell.raw !== undefined ? cell.raw : cell.text || "").replace(/^—$/, "");
  function download(name) {
    const data = given[name], params = new URLSearchParams(location.search);
    if (!data) return;
    const lines = [[data.head, ...data.columns.map((column) => column.title)], ...data.rows.map((row) => [row.note ? `${row.name}: ${row.note}` : row.name, ...row.cells.map(bare)])];
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
  function draw(box, data) {
    const form = box.dataset.shape || JSON.stringify({ head: data.head, columns: data.columns }), shape = JSON.parse(form);
    given[box.id.replace(/^hx-|-table$/g, "")] = { ...shape, rows: data.rows };
    let table = box.querySelector("table");
    if (!table || table.dataset.form !== form) table = built(box, shape, form);
    const body = table.tBodies[0];
    while (body.rows.length > data.rows.length) body.deleteRow(-1);
    data.rows.forEach((row, index) => {
      let line = body.rows[index];
      if (!line) {
        line = body.insertRow();
        const head = made("th");
        head.scope = "row";
        line.append(head, ...shape.columns.map((column) => made("td", column.text ? "" : "hx-number")));
      }
      styled(line, "--share", `${((row.share || 0) * 100).toFixed(1)}%`);
      styled(line, "--mark", row.colour || "transparent");
      styled(line, "--mark-size", row.colour ? "8px" : "0px");
      named(line.cells[0], row);
      row.cells.forEach((cell, at) => filled(line.cells[at + 1], cell, shape.columns[at]));
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
  window.dash_clientside = Object.assign({}, window.dash_clientside, { hxrows: { draw } });
})();
