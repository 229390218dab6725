// Sorting and filtering; without it the page reads the same, in its own order.
(() => {
  const collator = new Intl.Collator("en", { numeric: true });
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent.trim();
  };
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
    return collator.compare(a, b);
  };
  const sort = (table, column) => {
    const head = table.tHead.rows[0].cells[column];
    const numeric = head.classList.contains("number");
    const now = head.getAttribute("aria-sort");
    const falling = now ? now === "ascending" : numeric;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const missing = (value) => value === "" || value === "n/a";
    const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
    rows.sort(([a], [b]) => {
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      return falling ? compare(b, a) : compare(a, b);
    });
    table.tBodies[0].append(...rows.map(([, row]) => row));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (head.classList.contains("drawn")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sort(table, column));
      head.append(button);
    });
  }

  const controls = document.getElementById("filters");
  if (controls) {
    const rows = [...document.getElementById("numbers").tBodies[0].rows];
    const counter = document.getElementById("shown");
    const filter = () => {
      const words = controls.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
      const target = controls.elements.target.value;
      const reads = controls.elements.reads.value;
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !(
          words.every((word) => text.includes(word)) &&
          (!target || row.dataset.target === target) &&
          (!reads || row.dataset.reads === reads)
        );
        shown += row.hidden ? 0 : 1;
      }
      counter.textContent = `${shown} of ${rows.length} rows`;
    };
    controls.addEventListener("input", filter);
    controls.addEventListener("change", filter);
    controls.addEventListener("submit", (event) => event.preventDefault());
    controls.hidden = false;
    filter();
  }

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
