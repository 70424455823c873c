// Comfort for choosing activities: the sum follows the ticks. Without it the button adds up on the server.
const choice = document.querySelector("form[data-choice]");
const sum = choice && choice.querySelector("[data-sum]");

function addUp() {
  const ticked = choice.querySelectorAll("input[name=activity]:checked");
  const points = Array.from(ticked).reduce((total, box) => total + Number(box.dataset.points), 0);
  const needed = Number(sum.dataset.needed);
  const words = points >= needed ? sum.dataset.enough : sum.dataset.short;
  sum.textContent = words.replace("{sum}", points).replace("{needed}", needed);
}

if (sum) {
  choice.querySelector("[data-recalculate]").hidden = true;
  choice.addEventListener("change", addUp);
  addUp();
}
