// Comfort only: every page works without this file. An open menu closes on Escape and on a click beside it.
const menus = document.querySelectorAll("details.menu");

function close(menu, focus) {
  if (!menu.open) return;
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") menus.forEach((menu) => close(menu, menu.contains(document.activeElement)));
});
document.addEventListener("click", (event) => {
  menus.forEach((menu) => menu.contains(event.target) || close(menu, false));
});
