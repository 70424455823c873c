// Comfort for the log form, which works without it: points on the button, and only the questions that this kind asks.
const form = document.querySelector("form[data-log]");
const kind = form.elements.type;
const day = form.elements.completed_on;
const quantity = form.elements.quantity;
const button = form.querySelector("[data-points-button]");
const proof = form.querySelector("[data-proof]");
const plain = button.textContent;

function versionOn(option) {
  const versions = JSON.parse(option.dataset.versions || "[]");
  return versions.find(([from]) => !day.value || from <= day.value);
}

function points(option) {
  const version = versionOn(option);
  if (!version || !version[2]) return 0;
  const many = option.dataset.unit ? Number(quantity.value) : 1;
  return Math.floor(version[1] * many * 4) / 4;
}

function show() {
  const option = kind.selectedOptions[0];
  const worth = option ? points(option) : 0;
  button.textContent = worth ? (worth === 1 ? button.dataset.one : button.dataset.many.replace("{points}", worth)) : plain;
  for (const part of form.querySelectorAll("[data-only]")) {
    const filled = part.querySelector("input").value || part.querySelector(".is-invalid");
    part.hidden = !option.dataset[part.dataset.only] && !filled;
  }
  proof.hidden = !option.dataset.evidence;
  proof.textContent = proof.dataset.proof.replace("{evidence}", option.dataset.evidence);
}

// What a file proposes fills its field at once; what was chosen or typed besides stays as it is.
function use(button) {
  const hint = button.closest("[data-hint]");
  const field = form.elements[hint.dataset.hint];
  field.value = button.dataset.use;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  for (const other of hint.querySelectorAll("[data-use]")) other.hidden = other === button;
  field.focus();
}

// A difference was one to what stood in the field before.
function settle(field) {
  const difference = form.querySelector(`[data-hint="${field.name}"] [data-difference]`);
  if (difference) difference.hidden = true;
}

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-use]");
  if (!button) return;
  event.preventDefault();
  use(button);
});
form.addEventListener("input", (event) => {
  settle(event.target);
  show();
});
show();
