// The portal's only script: what a browser alone can do. Everything else happens on the server.
"use strict";
(() => {
  const themeKey = "editorbridge.theme";
  const root = document.documentElement;

  // Shown before the circuit is there, so that the page does not flash white.
  const kept = localStorage.getItem(themeKey);
  const dark = kept === "Dark" || (kept !== "Light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.add(dark ? "eb-dark" : "eb-light");

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    for (const menu of document.querySelectorAll("details.eb-menu[open]")) {
      if (!menu.contains(event.target) || event.target.closest("a")) menu.open = false;
    }
    if (event.target.closest("[data-skip]")) {
      event.preventDefault();
      document.getElementById("content")?.focus();
    }
    if (event.target.closest("[data-reload]")) location.reload();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard.writeText(copy.getAttribute("data-copy") === "url" ? location.href : copy.getAttribute("data-copy"));
  });

  // j/k walk rows, Enter opens one (it is a link), / goes to the search field, ? is left to the browser.
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (event.key === "Escape") {
      const menu = document.querySelector("details.eb-menu[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (search) { event.preventDefault(); search.focus(); search.select(); }
      return;
    }
    if (event.key !== "j" && event.key !== "k") return;
    const rows = [...document.querySelectorAll("[data-row]")];
    if (rows.length === 0) return;
    const at = rows.findIndex((row) => row === document.activeElement);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + (event.key === "j" ? 1 : -1)))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });

  // Drag over a chart: both ends go to the server as parts of its width.
  const brushes = new WeakMap();
  const brush = (svg, page) => {
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    mark.setAttribute("class", "brush");
    let from = null;
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    const draw = (to) => {
      const width = svg.viewBox.baseVal.width;
      mark.setAttribute("x", Math.min(from, to) * width);
      mark.setAttribute("width", Math.max(1, Math.abs(to - from) * width));
      mark.setAttribute("height", svg.viewBox.baseVal.height);
    };
    const stop = new AbortController();
    const on = (name, handler) => svg.addEventListener(name, handler, { signal: stop.signal });
    on("pointerdown", (event) => {
      if (event.button !== 0) return;
      svg.setPointerCapture(event.pointerId);
      from = at(event);
      draw(from);
      svg.append(mark);
    });
    on("pointermove", (event) => { if (from !== null) draw(at(event)); });
    on("pointercancel", () => { from = null; mark.remove(); });
    on("pointerup", (event) => {
      if (from === null) return;
      const to = at(event);
      mark.remove();
      page.invokeMethodAsync("Brushed", Math.min(from, to), Math.max(from, to));
      from = null;
    });
    brushes.set(svg, stop);
  };

  window.editorBridge = {
    brush,
    unbrush: (svg) => { if (svg) brushes.get(svg)?.abort(); },
    start: () => ({
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone ?? null,
      offsetMinutes: -new Date().getTimezoneOffset(),
      theme: localStorage.getItem(themeKey),
    }),
    keepTheme: (name) => localStorage.setItem(themeKey, name),
    showTheme: (isDark) => {
      root.classList.toggle("eb-dark", isDark);
      root.classList.toggle("eb-light", !isDark);
    },
  };
})();
