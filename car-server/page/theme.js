// Light or dark, before anything is painted: as the system has it, or as the person chose on this page.
"use strict";

(() => {
  const KEY = "car-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : null;
  }

  function paint() {
    root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
    const button = document.getElementById("theme");
    if (button) button.textContent = root.dataset.theme === "dark" ? "Light" : "Dark";
    button?.setAttribute("aria-label", root.dataset.theme === "dark" ? "Light colours" : "Dark colours");
  }

  function flip() {
    const next = root.dataset.theme === "dark" ? "light" : "dark";
    const isSystem = (next === "dark") === system.matches;
    if (isSystem) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    paint();
  }

  paint();
  system.addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", () => {
    paint();
    document.getElementById("theme")?.addEventListener("click", flip);
  });
})();
