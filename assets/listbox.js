/* A search field with a list below it, by the ARIA pattern of a combobox. Filters, zones and the palette are made of it.

   hx.listbox({
     label       its name for screen readers
     hint        what stands in the empty field
     offer(text) the items for what was typed, or a promise of them:
                 { title, note, icon, group, chosen, tone }, and whatever pick needs
     pick(item, event)
     several     whether more than one may be chosen
     slow        whether to wait until typing pauses
     none(text)  what to say when there is nothing
   }) -> the element; it has field, refresh() and clear() */
(function () {
  "use strict";
  const PAUSE = 180;
  const { node, icon } = window.hx;
  let made = 0;

  function option(item, id, several) {
    const mark = several ? node("span", { className: "hx-option__mark", "aria-hidden": "true" }, item.chosen ? icon(item.tone === "not" ? "ban" : "check") : "") : null;
    return node("div", { id, role: "option", className: "hx-option", "aria-selected": String(Boolean(item.chosen)), "data-tone": item.tone },
      mark, item.icon ? icon(item.icon) : null,
      node("span", { className: "hx-option__title", title: item.title }, item.title),
      item.note ? node("span", { className: "hx-option__note" }, item.note) : null);
  }

  function listbox(given) {
    const id = `hx-listbox-${(made += 1)}`;
    const field = node("input", { className: "hx-input", type: "search", role: "combobox", "aria-label": given.label, placeholder: given.hint, "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false", maxlength: "200" });
    const list = node("div", { id, role: "listbox", className: "hx-listbox__list", "aria-label": given.label, "aria-multiselectable": given.several ? "true" : null });
    const said = node("p", { className: "hx-listbox__said", role: "status" });
    const root = node("div", { className: "hx-listbox" }, field, list, said);
    let items = [], active = -1, asked = 0, timer = 0, offered = Promise.resolve();

    const options = () => [...list.querySelectorAll("[role=option]")];
    function activate(index, scroll) {
      active = index;
      options().forEach((one, place) => one.classList.toggle("hx-option--active", place === index));
      const chosen = options()[index];
      if (!chosen) { field.removeAttribute("aria-activedescendant"); return; }
      field.setAttribute("aria-activedescendant", chosen.id);
      if (scroll) chosen.scrollIntoView({ block: "nearest" });
    }
    function draw(found, keep) {
      items = found;
      list.replaceChildren();
      let group = null, box = list;
      found.forEach((item, index) => {
        if (item.group && item.group !== group) {
          group = item.group;
          box = node("div", { role: "group", "aria-label": group }, node("div", { className: "hx-listbox__group", "aria-hidden": "true" }, group));
          list.append(box);
        }
        box.append(option(item, `${id}-${index}`, given.several));
      });
      list.hidden = !found.length;
      field.setAttribute("aria-expanded", String(Boolean(found.length)));
      said.textContent = found.length ? found.note || "" : (given.none || (() => "Nothing found."))(field.value.trim());
      said.hidden = !said.textContent;
      activate(found.length ? Math.min(Math.max(keep ? active : 0, 0), found.length - 1) : -1, keep);
    }
    async function load(keep) {
      const turn = (asked += 1);
      try {
        const found = await given.offer(field.value.trim());
        if (turn === asked) draw(found, keep);
      } catch (error) {
        if (turn === asked) { draw([]); said.hidden = false; said.textContent = error.message || "This could not be read."; }
      }
    }
    function refresh(keep) {
      clearTimeout(timer);
      timer = 0;
      offered = load(keep);
      return offered;
    }
    function pick(event) {
      const item = items[active];
      if (item) given.pick(item, event);
    }
    /* who types fast means what the list will offer, not what it still shows */
    async function enter(event) {
      if (timer) refresh(false);
      await offered;
      pick(event);
    }
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => refresh(false), given.slow ? PAUSE : 0);
    });
    field.addEventListener("keydown", (event) => {
      const last = items.length - 1;
      const step = { ArrowDown: active >= last ? 0 : active + 1, ArrowUp: active <= 0 ? last : active - 1, PageDown: Math.min(active + 8, last), PageUp: Math.max(active - 8, 0) }[event.key];
      if (step !== undefined && last >= 0) { event.preventDefault(); activate(step, true); }
      else if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); event.stopPropagation(); enter(event); }
      else if (event.key === "Backspace" && !field.value && given.back) { event.preventDefault(); given.back(); }
    });
    list.addEventListener("pointermove", (event) => {
      const index = options().indexOf(event.target.closest("[role=option]"));
      if (index >= 0 && index !== active) activate(index, false);
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const index = options().indexOf(event.target.closest("[role=option]"));
      if (index >= 0) { activate(index, false); pick(event); }
    });
    return Object.assign(root, { field, refresh, clear() { field.value = ""; refresh(false); } });
  }

  /* items whose title or note holds every word typed */
  function matching(items, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return items.filter((item) => words.every((word) => `${item.group || ""} ${item.title} ${item.note || ""} ${item.also || ""}`.toLowerCase().includes(word)));
  }
  Object.assign(window.hx, { listbox, matching });
})();
