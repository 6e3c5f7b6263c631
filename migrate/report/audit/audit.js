"use strict";
// Sorts and filters the tables. Without it they are there in a useful order, of very many repositories only the first.
(() => {
  const FIRST = 250, MORE = 1000; // rows in the page at once: thousands would make it slow

  function key(cell, numbers) {
    const value = cell.dataset.sort ?? cell.textContent;
    return value === "" ? null : numbers ? Number(value) : value;
  }

  function sortable(table, rows, show) {
    const compare = new Intl.Collator("en", { numeric: true }).compare;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const was = head.getAttribute("aria-sort"), numbers = head.classList.contains("n");
        const down = was ? was === "ascending" : numbers; // numbers: the largest first
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keys = new Map(rows.map(row => [row, key(row.cells[column], numbers)]));
        rows.sort((one, two) => {
          const a = keys.get(one), b = keys.get(two);
          if (a === null || b === null) return (a === null) - (b === null); // nothing comes last, either way
          const order = numbers ? a - b : compare(a, b);
          return down ? -order : order;
        });
        show();
      });
    });
  }

  function filtered(table, rows) {
    const [search, state, wave, shown, more] = ["search", "state", "wave", "shown", "more"].map(id => document.getElementById(id));
    const text = row => [...row.cells].map(cell => cell.textContent).concat(row.dataset.codes ?? "").join(" ").toLowerCase();
    const texts = new Map(rows.map(row => [row, text(row)]));
    let limit = FIRST, waiting = 0;
    function show() {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = rows.filter(row => (!state.value || row.dataset.state === state.value)
        && (!wave.value || row.dataset.wave === wave.value) && words.every(word => texts.get(row).includes(word)));
      table.tBodies[0].replaceChildren(...found.slice(0, limit));
      const left = found.length - limit;
      shown.textContent = `${found.length} of ${rows.length} repositories` + (left > 0 ? `, the first ${limit} are shown` : "");
      more.hidden = left <= 0;
      more.textContent = left <= MORE ? "Show all" : `Show ${MORE} more`;
    }
    function set(values) {
      search.value = "";
      state.value = values.state ?? "";
      wave.value = values.wave ?? "";
      limit = FIRST;
      show();
    }
    search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 120); });
    for (const select of [state, wave]) select.addEventListener("change", show);
    more.addEventListener("click", () => { limit += MORE; show(); });
    document.getElementById("clear").addEventListener("click", () => set({}));
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
    addEventListener("pageshow", show); // after Back, a browser fills in what the controls said before
    document.getElementById("controls").hidden = false;
    show();
    return show;
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const rows = [...table.tBodies[0].rows];
    const main = table.id === "repositories-table";
    if (main) rows.push(...(document.getElementById("rest")?.content.querySelectorAll("tr") ?? []));
    sortable(table, rows, main ? filtered(table, rows) : () => table.tBodies[0].replaceChildren(...rows));
  }
})();
