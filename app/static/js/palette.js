// The command palette: Ctrl-K, search as you type, arrows, Enter, Ctrl+Enter in a new tab, Esc.
import { openDialog } from "./dialogs.js";
import { say } from "./texts.js";

const PAUSE = 120;

export function startPalette() {
  const dialog = document.getElementById("rn-palette");
  if (!dialog) return;
  const input = dialog.querySelector("input");
  const list = dialog.querySelector("[role=listbox]");
  const status = dialog.querySelector("[data-rn-palette-status]");
  let at = 0;
  let timer = 0;
  let request = null;

  const options = () => [...list.querySelectorAll("a[role=option]")];

  function point(to) {
    const all = options();
    at = all.length ? (to + all.length) % all.length : 0;
    all.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    if (all[at]) {
      input.setAttribute("aria-activedescendant", all[at].id);
      all[at].scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  async function search() {
    request?.abort();
    request = new AbortController();
    try {
      const url = `${dialog.dataset.url}?${new URLSearchParams({ q: input.value })}`;
      const answer = await fetch(url, { signal: request.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      list.innerHTML = await answer.text();
      status.textContent = say("results", { count: options().length });
      point(0);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      list.replaceChildren();
      status.textContent = say("failed");
    }
  }

  function follow(option, apart) {
    if (!option) return;
    if (apart) window.open(option.href, "_blank", "noopener");
    else window.location.assign(option.href);
    dialog.close();
  }

  function open() {
    openDialog(dialog);
    input.select();
    search();
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, PAUSE);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.isComposing) return; // a pinyin input method is still choosing its characters
    if (event.key === "ArrowDown") point(at + 1);
    else if (event.key === "ArrowUp") point(at - 1);
    else if (event.key === "Enter" && event.target === input) follow(options()[at], event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("a[role=option]");
    if (option && option.getAttribute("aria-selected") !== "true") point(options().indexOf(option));
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (dialog.open) dialog.close();
      else open();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-rn-palette]")) open();
  });
}
