// Small behaviours of the frame: tone, password eye, caps lock, demo accounts, menu groups, forms that post once.
import { recall, remember } from "./storage.js";
import { say } from "./texts.js";
import { toast } from "./toasts.js";

function toggleTheme() {
  const root = document.documentElement;
  const next = root.dataset.bsTheme === "dark" ? "light" : "dark";
  root.dataset.bsTheme = next;
  remember("rn-theme", next);
}

function toggleEye(button) {
  const input = document.getElementById(button.dataset.rnEye);
  const show = input.type === "password";
  input.type = show ? "text" : "password";
  button.setAttribute("aria-pressed", String(show));
  button.setAttribute("aria-label", say(show ? "hide-password" : "show-password"));
  button.firstElementChild.className = `ti ti-eye${show ? "-off" : ""}`;
}

function chooseDemo(button) {
  const name = document.getElementById("username");
  name.value = button.dataset.rnDemo;
  document.getElementById("password").focus();
}

function restoreMenu() {
  const open = new Set((recall("rn-menu") ?? "").split("\n").filter(Boolean));
  const groups = document.querySelectorAll("[data-rn-menu-group]");
  for (const group of groups) {
    if (open.has(group.dataset.rnMenuGroup)) group.open = true;
    group.addEventListener("toggle", () => {
      const names = [...groups].filter((each) => each.open).map((each) => each.dataset.rnMenuGroup);
      remember("rn-menu", names.join("\n"));
    });
  }
  document.querySelector(".rn-menu [aria-current]")?.scrollIntoView({ block: "nearest" });
  const view = document.querySelector(".rn-viewbar [aria-current]");
  const tabs = view?.closest(".rn-tabs");
  if (tabs) tabs.scrollLeft = view.offsetLeft - tabs.offsetLeft - 16;
}

function postOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
  });
  window.addEventListener("pageshow", () => delete form.dataset.sent);
}

async function copyText(button) {
  const source = document.getElementById(button.dataset.rnCopy);
  const lines = Array.from(source.children, (line) => line.textContent.trim());
  try {
    await navigator.clipboard.writeText(lines.join("\n"));
  } catch {
    // without TLS a browser gives no clipboard: what is selected is copied by hand
    getSelection().selectAllChildren(source);
    return;
  }
  button.querySelector("span").textContent = button.dataset.done;
}

export function startShell() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rn-theme], [data-rn-eye], [data-rn-demo], [data-rn-copy], [data-rn-print]");
    if (!button) return;
    if ("rnTheme" in button.dataset) toggleTheme();
    else if ("rnEye" in button.dataset) toggleEye(button);
    else if ("rnDemo" in button.dataset) chooseDemo(button);
    else if ("rnCopy" in button.dataset) copyText(button);
    else window.print();
  });
  const caps = document.getElementById("caps");
  document.getElementById("password")?.addEventListener("keyup", (event) => {
    if (caps) caps.hidden = !event.getModifierState?.("CapsLock");
  });
  document.querySelectorAll("form[data-rn-once]").forEach(postOnce);
  restoreMenu();
  // on a phone the menu is a dialog and needs a name; beside the page it is a plain frame and must have none
  const side = document.getElementById("rn-side");
  side?.addEventListener("show.bs.offcanvas", () => side.setAttribute("aria-label", side.dataset.label));
  side?.addEventListener("hidden.bs.offcanvas", () => side.removeAttribute("aria-label"));
  document.body.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]")?.content ?? "";
  });
  // a session that ended answers a fragment with the sign-in page: that belongs to the whole window
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (new URL(event.detail.xhr.responseURL, location.href).pathname.startsWith("/login")) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  for (const name of ["htmx:responseError", "htmx:sendError"]) {
    document.body.addEventListener(name, (event) => {
      // what asks by itself every few seconds simply asks again
      if (event.detail.elt?.closest("[data-rn-poll]")) return;
      event.detail.target?.querySelector(".rn-loading")?.replaceChildren(say("failed"));
      toast(say("failed"), "error");
    });
  }
}
