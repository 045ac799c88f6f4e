// Related rows as tabs, by the ARIA pattern: arrows move, the panel loads when it first opens.
function select(list, tab) {
  for (const each of list.querySelectorAll("[role=tab]")) {
    const on = each === tab;
    each.setAttribute("aria-selected", String(on));
    each.tabIndex = on ? 0 : -1;
    const panel = document.getElementById(each.getAttribute("aria-controls"));
    panel.hidden = !on;
    if (on) panel.dispatchEvent(new CustomEvent("rn:open"));
  }
}

export function startTabs() {
  for (const list of document.querySelectorAll("[data-rn-tabs]")) {
    const tabs = [...list.querySelectorAll("[role=tab]")];
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) select(list, tab);
    });
    list.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(event.target.closest("[role=tab]"));
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (at < 0 || to === undefined) return;
      event.preventDefault();
      const tab = tabs[(to + tabs.length) % tabs.length];
      select(list, tab);
      tab.focus();
    });
  }
}
