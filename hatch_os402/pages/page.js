"use strict";
/* The chart: nodes {n: name, v: value, t: what is said, k: kind, c: children}, laid out as a treemap or an icicle. */
(() => {
  const { layout, root } = JSON.parse(document.getElementById("data").textContent);
  const chart = document.getElementById("chart");
  const crumbs = document.getElementById("crumbs");
  const detail = document.getElementById("detail");
  const ROW = 22, HEAD = 18, GAP = 2;
  let top = root, active = root, drawn = new Map();

  (function link(node, parent, depth) {
    Object.assign(node, { p: parent, d: depth, c: node.c || [] });
    for (const child of node.c) link(child, node, depth + 1);
  })(root, null, 0);

  /* Squarified treemaps (Bruls, Huizing, van Wijk 2000): rows are filled while that makes their parts squarer. */
  function squarify(nodes, x, y, w, h, place) {
    let todo = nodes.filter((node) => node.v > 0).sort((a, b) => b.v - a.v);
    let left = todo.reduce((sum, node) => sum + node.v, 0);
    while (todo.length && w > 0 && h > 0) {
      const side = Math.min(w, h), scale = (w * h) / left;
      let sum = 0, worst = Infinity, count = 0;
      for (const node of todo) {
        const next = sum + node.v;
        const row = (next * scale) / side;
        const ratio = (value) => Math.max(row / ((value * scale) / row), ((value * scale) / row) / row);
        const now = Math.max(ratio(todo[0].v), ratio(node.v));
        if (now > worst) break;
        [sum, worst, count] = [next, now, count + 1];
      }
      const thick = (sum * scale) / side;
      let at = 0;
      for (const node of todo.slice(0, count)) {
        const length = (node.v * scale) / thick;
        if (w < h) place(node, x + at, y, length, thick); else place(node, x, y + at, thick, length);
        at += length;
      }
      if (w < h) [y, h] = [y + thick, h - thick]; else [x, w] = [x + thick, w - thick];
      left -= sum;
      todo = todo.slice(count);
    }
  }

  function treemap(node, x, y, w, h) {
    if (w < 2 || h < 2) return;
    const group = node.c.length > 0;
    const labelled = w > 36 && h > HEAD - 2;
    draw(node, x, y, w, h, labelled && (group || h > 14));
    if (!group) return;
    const head = labelled && h > HEAD + 10 ? HEAD : GAP;
    if (w > 2 * GAP && h > head + GAP) {
      squarify(node.c, x + GAP, y + head, w - 2 * GAP, h - head - GAP, treemap);
    }
  }

  function icicle(width) {
    let rows = 0;
    const above = [];
    for (let node = top.p; node; node = node.p) above.unshift(node);
    above.splice(0, above.length - 2);  // the rest is said above the chart
    above.forEach((node, row) => draw(node, 0, row * ROW, width, ROW, true));
    (function put(node, x, w, row) {
      if (w < 0.7) return;
      rows = Math.max(rows, row + 1);
      draw(node, x, row * ROW, w, ROW, w > 28);
      for (const child of node.c) {
        const part = node.v ? (w * child.v) / node.v : 0;
        put(child, x, part, row + 1);
        x += part;
      }
    })(top, 0, width, above.length);
    chart.style.height = `${rows * ROW + 2}px`;
  }

  function draw(node, x, y, w, h, labelled) {
    const box = document.createElement("div");
    box.className = (node.c.length ? "group" : "leaf") + (node.k ? ` k-${node.k}` : "") + (node === top ? " current" : "");
    box.style.cssText = `left:${x.toFixed(2)}px;top:${y.toFixed(2)}px;width:${w.toFixed(2)}px;height:${h.toFixed(2)}px`;
    if (w < 10) box.style.padding = "0";
    if (w < 4) box.style.borderWidth = "0";
    if (labelled) box.textContent = node.n;
    box.tabIndex = -1;
    box.setAttribute("role", "treeitem");
    box.setAttribute("aria-level", node.d + 1);
    box.setAttribute("aria-label", `${node.n}: ${node.t}`);
    if (node.c.length) box.setAttribute("aria-expanded", "true");
    box.node = node;
    drawn.set(node, box);
    chart.append(box);
  }

  function render(focus) {
    drawn = new Map();
    chart.replaceChildren();
    const width = chart.clientWidth;
    if (layout === "treemap") treemap(top, 0, 0, width, chart.clientHeight); else icicle(width);
    if (!drawn.has(active)) active = top;
    select(active, focus);
    const path = [];
    for (let node = top; node; node = node.p) path.unshift(node);
    crumbs.replaceChildren(...path.flatMap((node, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = node.n;
      if (node === top) button.setAttribute("aria-current", "true");
      button.onclick = () => zoom(node);
      const between = document.createElement("span");
      between.textContent = "›";
      between.setAttribute("aria-hidden", "true");
      return index ? [between, button] : [button];
    }));
  }

  function say(node) {
    const path = [];
    for (let at = node; at && at.p; at = at.p) path.unshift(at.n);
    const where = layout === "treemap" ? path.join("/") : path.join(" › ");
    detail.textContent = where ? `${where} — ${node.t}` : node.t;
  }

  function select(node, focus) {
    const before = drawn.get(active);
    if (before) before.tabIndex = -1;
    active = node;
    const box = drawn.get(node);
    box.tabIndex = 0;
    say(node);
    if (!focus) return;
    box.focus({ preventScroll: true });  // the page stays where it is; the chart may have to move
    chart.scrollTop = Math.min(chart.scrollTop, box.offsetTop);
    chart.scrollTop = Math.max(chart.scrollTop, box.offsetTop + box.offsetHeight - chart.clientHeight);
  }

  function zoom(node, focus) {
    top = node;
    active = node;
    render(focus);
  }

  function shown(node, step) {
    const siblings = node.p ? node.p.c.filter((child) => drawn.has(child)) : [];
    if (layout === "treemap") siblings.sort((a, b) => b.v - a.v);
    return siblings[siblings.indexOf(node) + step];
  }

  chart.addEventListener("click", (event) => {
    const node = event.target.node;
    if (!node) return;
    if (node === top) { if (top.p) zoom(top.p, true); }
    else if (node.c.length || layout === "icicle") zoom(node, true);
    else select(node, true);
  });
  chart.addEventListener("pointerover", (event) => {
    for (const box of chart.querySelectorAll(".over")) box.classList.remove("over");
    if (event.target.node) { event.target.classList.add("over"); say(event.target.node); }
  });
  chart.addEventListener("pointerleave", () => {
    for (const box of chart.querySelectorAll(".over")) box.classList.remove("over");
    say(active);
  });
  chart.addEventListener("focusin", (event) => { if (event.target.node && event.target.node !== active) select(event.target.node); });
  chart.addEventListener("keydown", (event) => {
    let next;
    const children = active.c.filter((child) => drawn.has(child));
    if (layout === "treemap") children.sort((a, b) => b.v - a.v);
    if (event.key === "ArrowRight") next = shown(active, 1);
    else if (event.key === "ArrowLeft") next = shown(active, -1);
    else if (event.key === "ArrowDown") next = children[0];
    else if (event.key === "ArrowUp") next = active.p && drawn.has(active.p) ? active.p : undefined;
    else if (event.key === "Home") next = top;
    else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (active !== top && (active.c.length || layout === "icicle")) zoom(active, true);
      return;
    } else if (event.key === "Escape" || event.key === "Backspace") {
      event.preventDefault();
      if (top.p) zoom(top.p, true);
      return;
    } else return;
    event.preventDefault();
    if (next) select(next, true);
  });

  let width = 0;
  new ResizeObserver(() => {
    if (chart.clientWidth !== width) { width = chart.clientWidth; render(false); }
  }).observe(chart);
  width = chart.clientWidth;
  render(false);
})();

/* The tables: sorted by a click on a head, narrowed by what is searched. */
for (const section of document.querySelectorAll("#tables section")) {
  const body = section.querySelector("tbody");
  const heads = [...section.querySelectorAll("thead th")];
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const number = head.classList.contains("number");
    const was = head.getAttribute("aria-sort");
    const down = was ? was === "ascending" : number;
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => {
      const cell = row.children[column];
      return number ? Number(cell.dataset.by ?? -Infinity) : cell.textContent;
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => (number ? a - b || 0 : a.localeCompare(b)) * (down ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
  }));
  const search = section.querySelector("input");
  if (search) search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const row of body.rows) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
}

/* Light and dark: as the system has it, until somebody says otherwise. */
document.getElementById("theme").addEventListener("click", () => {
  const page = document.documentElement;
  const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  page.dataset.theme = dark ? "light" : "dark";
});
