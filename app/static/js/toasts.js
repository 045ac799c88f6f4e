// Messages at the corner: news goes away by itself, an error stays until it is dismissed.
const STAY = 6000;

function arm(toast) {
  if (toast.dataset.armed || toast.dataset.rnToast === "error") return;
  toast.dataset.armed = "1";
  let timer = setTimeout(() => toast.remove(), STAY);
  toast.addEventListener("pointerenter", () => clearTimeout(timer));
  toast.addEventListener("pointerleave", () => {
    timer = setTimeout(() => toast.remove(), STAY);
  });
}

export function toast(message, kind = "info") {
  const area = document.querySelector("[data-rn-toasts]");
  if (!area) return;
  const box = area.querySelector("[data-rn-toast-template]").content.firstElementChild.cloneNode(true);
  box.classList.add(kind);
  box.dataset.rnToast = kind;
  box.querySelector("i").className = `ti ti-${{ success: "circle-check", error: "alert-circle" }[kind] ?? "info-circle"}`;
  box.querySelector("div").textContent = message;
  if (kind === "error") box.setAttribute("role", "alert");
  area.append(box);
  arm(box);
}

export function startToasts() {
  const armAll = () => document.querySelectorAll("[data-rn-toast]").forEach(arm);
  armAll();
  document.body.addEventListener("htmx:oobAfterSwap", armAll);
  document.addEventListener("click", (event) => {
    event.target.closest("[data-rn-dismiss]")?.closest(".rn-toast").remove();
  });
}
