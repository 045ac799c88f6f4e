// Masked values: the eye shows one row's for a while, then hides it again; each showing is noted by the server.
import { say } from "./texts.js";
import { toast } from "./toasts.js";

const SHOWN_FOR = 30_000;

function hide(button, masked) {
  button.previousElementSibling.textContent = masked;
  button.setAttribute("aria-pressed", "false");
  button.classList.remove("danger");
  button.firstElementChild.className = "ti ti-eye";
}

async function reveal(button) {
  const shown = button.previousElementSibling;
  const masked = shown.textContent;
  button.disabled = true;
  try {
    const token = document.querySelector("meta[name=csrf-token]").content;
    const answer = await fetch(button.dataset.rnReveal, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } });
    if (!answer.ok) throw new Error(String(answer.status));
    shown.textContent = await answer.text();
    button.setAttribute("aria-pressed", "true");
    button.classList.add("danger");
    button.firstElementChild.className = "ti ti-eye-off";
    const timer = setTimeout(() => hide(button, masked), SHOWN_FOR);
    button.addEventListener("rn:hide", () => { clearTimeout(timer); hide(button, masked); }, { once: true });
  } catch {
    toast(say("failed"), "error");
  } finally {
    button.disabled = false;
  }
}

export function startReveals() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rn-reveal]");
    if (!button) return;
    if (button.getAttribute("aria-pressed") === "true") button.dispatchEvent(new Event("rn:hide"));
    else reveal(button);
  });
}
