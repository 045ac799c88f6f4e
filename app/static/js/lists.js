// The list page: selection and the bulk bar, columns, density, page size, clean addresses.
import { recall, remember } from "./storage.js";
import { say } from "./texts.js";

function startSelection() {
  const bar = document.querySelector("[data-rn-bulk]");
  const table = document.querySelector("[data-rn-list] [data-rn-table]");
  if (!bar || !table) return;
  const all = table.querySelector("[data-rn-all]");
  const flag = bar.querySelector("[data-rn-all-flag]");
  const match = bar.querySelector("[data-rn-match]");
  const boxes = [...table.querySelectorAll("[data-rn-one]")];
  let last = null;

  function update(everything = false) {
    const chosen = boxes.filter((box) => box.checked);
    flag.disabled = !everything;
    bar.hidden = chosen.length === 0;
    bar.querySelector("[data-rn-selected]").textContent = everything ? say("selected-all") : say("selected", { count: chosen.length });
    if (match) match.hidden = everything;
    all.checked = chosen.length > 0 && chosen.length === boxes.length;
    all.indeterminate = chosen.length > 0 && chosen.length < boxes.length;
    for (const box of boxes) box.closest("tr").classList.toggle("table-active", box.checked);
  }

  function setAll(on) {
    for (const box of boxes) box.checked = on;
  }

  all.addEventListener("change", () => {
    setAll(all.checked);
    update();
  });
  table.addEventListener("click", (event) => {
    const box = event.target.closest("[data-rn-one]");
    if (!box) return;
    if (event.shiftKey && last) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const each of boxes.slice(from, to + 1)) each.checked = box.checked;
    }
    last = box;
  });
  table.addEventListener("change", (event) => {
    if (event.target.matches("[data-rn-one]")) update();
  });
  match?.addEventListener("click", () => {
    setAll(true);
    update(true);
  });
  bar.querySelector("[data-rn-unselect]").addEventListener("click", () => {
    setAll(false);
    update();
    all.focus();
  });
  window.addEventListener("pageshow", () => update());
  update();
}

function go(change) {
  const url = new URL(location.href);
  for (const name of ["after", "before", "last"]) url.searchParams.delete(name);
  change(url.searchParams);
  location.assign(url);
}

function startColumns() {
  const form = document.querySelector("[data-rn-cols]");
  if (!form) return;
  const list = form.querySelector("ol");
  const moved = form.querySelector("[data-rn-moved]");
  let dragged = null;

  function tell(item) {
    moved.textContent = say("moved", { label: item.dataset.label, place: [...list.children].indexOf(item) + 1 });
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rn-move]");
    if (!button) return;
    const item = button.closest("li");
    const beside = button.dataset.rnMove === "1" ? item.nextElementSibling : item.previousElementSibling;
    if (!beside) return;
    if (button.dataset.rnMove === "1") beside.after(item);
    else beside.before(item);
    button.focus();
    tell(item);
  });
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    dragged?.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const box = over.getBoundingClientRect();
    if (event.clientY > box.top + box.height / 2) over.after(dragged);
    else over.before(dragged);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    tell(dragged);
    dragged = null;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const names = [...list.querySelectorAll("input:checked")].map((box) => box.value);
    if (names.length) go((params) => params.set("cols", names.join(",")));
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    go((params) => params.delete("cols"));
  });
}

function startDensity() {
  const button = document.querySelector("[data-rn-density]");
  if (!button) return;
  const steps = ["standard", "compact", "roomy"];

  function show(step) {
    if (step === "standard") delete document.documentElement.dataset.density;
    else document.documentElement.dataset.density = step;
    button.title = say(`density-${step}`);
    button.setAttribute("aria-label", button.title);
  }

  let step = steps.includes(recall("rn-density")) ? recall("rn-density") : "standard";
  show(step);
  button.addEventListener("click", () => {
    step = steps[(steps.indexOf(step) + 1) % steps.length];
    remember("rn-density", step);
    show(step);
  });
}

// Empty filters stay out of the address, so that it can be read and sent to someone.
function startFilters() {
  const form = document.querySelector("form[data-rn-filter]");
  if (!form) return;
  form.addEventListener("submit", () => {
    const unused = [...form.elements].filter((field) => field.name && !field.disabled && field.value === "" && field.type !== "submit");
    for (const field of unused) field.disabled = true;
    setTimeout(() => unused.forEach((field) => (field.disabled = false)));
  });
  document.querySelector("[data-rn-quick]")?.addEventListener("search", (event) => {
    if (event.target.value === "" && event.target.defaultValue !== "") go((params) => params.delete("q"));
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-rn-noquery]")) go((params) => params.delete("q"));
  });
}

export function startLists() {
  startSelection();
  startColumns();
  startDensity();
  startFilters();
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-rn-size]")) go((params) => params.set("limit", event.target.value));
  });
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "rn-count") document.querySelector("[data-rn-exact]")?.remove();
  });
}
