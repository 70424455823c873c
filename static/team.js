// Comfort only: each page does its work without it.
"use strict";

// A second click on a form's button, while the first is under way, sends nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// Coming back through the browser's history, forms can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// After a verdict the next activity is in sight already; the keyboard goes on from there, too.
const target = document.getElementById(location.hash.slice(1));
if (target && target.closest(".workbench")) target.focus({ preventScroll: true });
