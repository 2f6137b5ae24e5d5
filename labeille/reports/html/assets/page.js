"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Colours: as the system has them, or the reader's choice, kept where the browser lets us.
  const themes = ["auto", "light", "dark"];
  let theme = "auto";
  try { theme = localStorage.getItem("labeille-theme") || "auto"; } catch { /* no storage here */ }
  const paint = () => {
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-does=theme]")) button.textContent = "Theme: " + theme;
  };
  if (!themes.includes(theme)) theme = "auto";
  paint();

  const say = (text) => { document.querySelector(".live").textContent = text; };

  const copy = async (button) => {
    const code = button.closest(".copied").querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    say("Copied");
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };

  document.addEventListener("DOMContentLoaded", () => {
    paint();
    const table = document.querySelector("#packages table");
    const bodies = table ? Array.from(table.tBodies) : [];
    const heads = table ? Array.from(table.tHead.rows[0].cells) : [];
    for (const button of document.querySelectorAll("button:disabled")) button.disabled = false;
    const only = new Set();
    const input = document.querySelector("[data-does=filter]");
    const shown = document.querySelector(".shown");
    const none = document.querySelector(".none");
    const texts = new Map();
    const textOf = (body) => {
      if (!texts.has(body)) texts.set(body, body.rows[0].textContent.toLowerCase());
      return texts.get(body);
    };

    const filter = () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const body of bodies) {
        const fits = (!only.size || only.has(body.dataset.word)) && words.every((word) => textOf(body).includes(word));
        body.hidden = !fits;
        count += fits;
      }
      shown.textContent = count === bodies.length ? "" : `${count} of ${bodies.length} shown`;
      none.hidden = count > 0;
    };

    const number = (text) => (text ? Number.parseFloat(text.replace(/[,%×]/g, "")) : Number.NaN);
    const keyOf = (body, column) => {
      if (column === 0) return Number(body.dataset.rank);
      const text = (column === 1 ? body.querySelector(".open") : body.rows[0].cells[column]).textContent.trim();
      return heads[column].classList.contains("n") ? number(text) : text.toLowerCase();
    };
    const compare = (a, b) => (typeof a === "string" ? (a < b ? -1 : a > b ? 1 : 0) : a - b);
    const sort = (head) => {
      const column = heads.indexOf(head);
      // Numbers start with the largest: that is what one looks for. What has none stays last.
      const first = head.classList.contains("n") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const way = head.getAttribute("aria-sort") === first ? other : first;
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      const keyed = bodies.map((body, index) => [keyOf(body, column), index, body]);
      keyed.sort(([a, i], [b, j]) => {
        const emptyA = Number.isNaN(a), emptyB = Number.isNaN(b);
        if (emptyA || emptyB) return emptyA - emptyB || i - j;
        return sign * compare(a, b) || i - j;
      });
      table.append(...keyed.map(([, , body]) => body));
    };

    const open = (body, wanted) => {
      const details = body.querySelector("details");
      const button = body.querySelector("[data-does=open]");
      details.open = wanted ?? !details.open;
      button.setAttribute("aria-expanded", String(details.open));
    };
    const follow = () => {
      let anchor = "";
      try { anchor = decodeURIComponent(location.hash.slice(1)); } catch { /* no anchor of ours */ }
      const target = anchor && document.getElementById(anchor);
      if (!target) return;
      if (target.tBodies === undefined && bodies.includes(target)) {
        if (target.hidden) reset();
        open(target, true);
      }
      for (let at = target.parentElement; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
      target.scrollIntoView();
    };
    const reset = () => {
      input.value = "";
      only.clear();
      for (const chip of document.querySelectorAll(".chip")) chip.setAttribute("aria-pressed", "false");
      filter();
    };

    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[href^='#']");
      if (link && link.getAttribute("href") === location.hash) follow();
      const button = event.target.closest("[data-does]");
      if (!button) return;
      switch (button.dataset.does) {
        case "theme":
          theme = themes[(themes.indexOf(theme) + 1) % themes.length];
          try { localStorage.setItem("labeille-theme", theme); } catch { /* for this visit then */ }
          paint();
          break;
        case "copy": copy(button); break;
        case "sort": sort(button.closest("th")); break;
        case "open": open(button.closest("tbody")); break;
        case "reset": reset(); input.focus(); break;
        case "only": {
          const word = button.dataset.word;
          if (!only.delete(word)) only.add(word);
          button.setAttribute("aria-pressed", String(only.has(word)));
          filter();
          break;
        }
      }
    });
    if (input) {
      input.addEventListener("input", filter);
      if (input.value) filter();
    }
    addEventListener("hashchange", follow);
    follow();
  });
})();
