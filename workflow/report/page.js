// Sorting, filtering, choosing curves; without it the page reads the same, in its own order.
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

  // The key of a ROC figure gives way to buttons, one for every curve in the file.
  const swatchOf = (drawing, curve) => {
    const swatch = document.createElementNS(drawing.namespaceURI, "svg");
    swatch.setAttribute("viewBox", "0 0 26 8");
    swatch.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(drawing.namespaceURI, "path");
    line.setAttribute("style", curve.querySelector("path").getAttribute("style"));
    line.setAttribute("d", "M 1 4 L 25 4");
    swatch.append(line);
    return swatch;
  };
  const switchOf = (drawing, curve, name) => {
    const button = document.createElement("button");
    const tell = () => button.setAttribute("aria-pressed", !curve.hasAttribute("display"));
    button.type = "button";
    button.append(swatchOf(drawing, curve), name);
    button.addEventListener("click", () => {
      if (curve.hasAttribute("display")) curve.removeAttribute("display");
      else curve.setAttribute("display", "none");
      tell();
    });
    tell();
    return button;
  };
  for (const figure of document.querySelectorAll("figure[id$='-roc']")) {
    const drawing = figure.querySelector("svg");
    const prefix = `${figure.id.slice("figure-".length)}-`;
    const key = drawing.querySelector(`[id="${prefix}key"]`);
    if (!key) continue;
    const switches = document.createElement("div");
    switches.className = "curves";
    switches.setAttribute("role", "group");
    switches.setAttribute("aria-label", "Curves that are drawn");
    for (const curve of drawing.querySelectorAll("g[id]")) {
      const mark = curve.id.slice(prefix.length).match(/^(?:curve|spare)-(.+)$/);
      if (mark) switches.append(switchOf(drawing, curve, mark[1]));
    }
    const [left, top, width] = drawing.getAttribute("viewBox").split(" ");
    const end = key.getBBox().y - 4;
    if (end > 0) drawing.setAttribute("viewBox", `${left} ${top} ${width} ${end}`);
    key.setAttribute("display", "none");
    drawing.after(switches);
  }

  const open = () => {
    const goal = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (goal?.tagName === "DETAILS") goal.open = true;
  };
  addEventListener("hashchange", open);
  open();

  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
