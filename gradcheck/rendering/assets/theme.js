"use strict";
// Runs before the page is drawn, so that a chosen theme does not flash. Without scripts the page follows the system.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  try {
    root.dataset.theme = localStorage.getItem("gradcheck-theme") || "auto";
  } catch { /* pages from disk may have no storage */ }
})();
