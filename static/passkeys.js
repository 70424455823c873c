// Joins the passkey button of a page with allauth's scripts. Without this file the button stays hidden, and the other
// ways to sign in work as ever.
const button = document.getElementById("passkey");

if (button && window.PublicKeyCredential) {
  const ids = { data: "js_data", passwordless: "id_passwordless", credential: "id_credential" };
  window.allauth.webauthn.forms[button.dataset.passkey]({ ids: { ...ids, add: "passkey", login: "passkey", authenticate: "passkey" } });
  button.hidden = false;
  document.querySelectorAll("[data-without-passkey]").forEach((hint) => hint.remove());
}

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-failed").hidden = false;
});
