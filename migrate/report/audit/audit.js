"use strict";
// Sorts and filters the tables. Without it every table is there, whole and in a useful order.
(() => {
  const FIRST = 250; // rows that are shown at once; a button shows the rest
  const key = cell => "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent;
  const compare = new Intl.Collator("en", { numeric: true }).compare;

  function sortable(table, changed) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort");
        const numbers = head.classList.contains("n");
        const down = was ? was === "ascending" : numbers; // numbers: the largest first
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].map(row => [key(row.cells[column]), row]);
        const order = numbers || "sort" in (rows[0]?.[1].cells[column].dataset ?? {})
          ? (a, b) => Number(a[0]) - Number(b[0]) : (a, b) => compare(a[0], b[0]);
        rows.sort(down ? (a, b) => order(b, a) : order);
        body.append(...rows.map(pair => pair[1]));
        changed();
      });
    });
  }

  function filtered(table) {
    const body = table.tBodies[0], controls = document.getElementById("controls");
    const search = document.getElementById("search"), state = document.getElementById("state");
    const wave = document.getElementById("wave"), shown = document.getElementById("shown");
    const more = document.getElementById("more");
    const texts = new Map([...body.rows].map(row => [row, row.textContent.toLowerCase()]));
    let limit = FIRST, waiting = 0;
    function show() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      for (const row of body.rows) {
        const match = (!state.value || row.dataset.state === state.value) && (!wave.value || row.dataset.wave === wave.value)
          && words.every(word => texts.get(row).includes(word));
        if (match) found += 1;
        const hide = !match || found > limit;
        if (row.hidden !== hide) row.hidden = hide;
      }
      const visible = Math.min(found, limit);
      shown.textContent = `${found} of ${texts.size} repositories` + (visible < found ? `, the first ${visible} are shown` : "");
      more.hidden = visible === found;
    }
    function set(values) {
      search.value = ""; state.value = values.state ?? ""; wave.value = values.wave ?? "";
      limit = FIRST;
      show();
    }
    search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 120); });
    for (const select of [state, wave]) select.addEventListener("change", show);
    more.addEventListener("click", () => { limit = Infinity; show(); });
    document.getElementById("all").addEventListener("click", () => set({}));
    document.addEventListener("click", event => {
      const link = event.target.closest("a[data-state],a[data-wave]");
      if (link) set(link.dataset);
    });
    document.addEventListener("keydown", event => {
      const typing = event.target.closest("input,select,textarea");
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.focus();
        search.select();
      } else if (event.key === "Escape" && event.target === search) {
        set({});
      }
    });
    let before = FIRST;
    addEventListener("beforeprint", () => { before = limit; limit = Infinity; show(); });
    addEventListener("afterprint", () => { limit = before; show(); });
    controls.hidden = false;
    show();
    return show;
  }

  const main = document.getElementById("repositories-table");
  const refresh = main ? filtered(main) : () => {};
  for (const table of document.querySelectorAll("table.sortable")) sortable(table, table === main ? refresh : () => {});
})();
