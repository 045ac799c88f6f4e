// Single keys, wherever nothing is being typed: see the dialog of "?" for the list.
import { openDialog } from "./dialogs.js";

const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], .ts-wrapper";
const OWN_ENTER = "a, button, summary, [role=tab]";
const SEQUENCE = 1200;

export function startKeyboard() {
  let g = 0;
  let cursor = -1;
  const rows = () => [...document.querySelectorAll("[data-rn-list] [data-rn-table] tbody tr")];
  const current = () => rows()[cursor];

  function move(step) {
    const all = rows();
    if (!all.length) return false;
    cursor = cursor < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(cursor + step, 0), all.length - 1);
    all.forEach((row, i) => row.classList.toggle("is-cursor", i === cursor));
    all[cursor].scrollIntoView({ block: "nearest" });
    all[cursor].querySelector(".rn-main-cell a")?.focus({ preventScroll: true });
    return true;
  }

  function visit(url) {
    if (!url) return false;
    location.assign(url);
    return true;
  }

  function click(selector) {
    const element = document.querySelector(selector);
    element?.click();
    return Boolean(element);
  }

  function toggle(row) {
    const box = row?.querySelector("[data-rn-one]");
    box?.click();
    return Boolean(box);
  }

  const keys = {
    "/": () => {
      const box = document.querySelector("[data-rn-quick]");
      box?.focus();
      box?.select();
      return Boolean(box);
    },
    "?": () => {
      openDialog(document.getElementById("rn-keys"));
      return true;
    },
    n: () => click("a[data-rn-new]"),
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => cursor >= 0 && move(1),
    ArrowUp: () => cursor >= 0 && move(-1),
    Enter: (target) => !target.closest(OWN_ENTER) && visit(current()?.dataset.url),
    e: () => visit(current()?.dataset.editUrl) || click("a[data-rn-edit]"),
    x: () => toggle(current()),
    "[": () => click("main a[rel=prev]"),
    "]": () => click("main a[rel=next]"),
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open], .offcanvas.show, .dropdown-menu.show")) return;
    if (event.target.closest?.(TYPING)) return;
    if (event.key === "g") {
      g = event.timeStamp;
      return;
    }
    if (event.key === "h" && g && event.timeStamp - g < SEQUENCE) {
      visit("/");
      return;
    }
    g = 0;
    if (keys[event.key]?.(event.target)) event.preventDefault();
  });
}
