// A record's form: counts unsaved changes, warns before they are lost, saves on Ctrl-S and only once; dates and files.
import { say } from "./texts.js";

function fields(form) {
  const state = new Map();
  for (const element of form.elements) {
    if (!element.name || element.type === "hidden" || element.type === "submit" || element.type === "button") continue;
    let value = element.value;
    if (element.type === "checkbox" || element.type === "radio") value = element.checked ? element.value : "";
    else if (element.type === "file") value = [...element.files].map((file) => `${file.name}:${file.size}`).join("|");
    else if (element instanceof HTMLSelectElement) value = [...element.selectedOptions].map((option) => option.value).join("|");
    state.set(element.name, `${state.get(element.name) ?? ""}\n${value}`);
  }
  return state;
}

function watch(form) {
  const note = document.querySelector("[data-rn-dirty]");
  const before = fields(form);
  const again = "rnDirtyAtStart" in form.dataset; // it came back with errors: what it holds was never saved
  let sent = false;

  const changes = () => [...fields(form)].filter(([name, value]) => before.get(name) !== value).length;

  function update() {
    const count = changes();
    if (!note || (again && count === 0)) return;
    note.textContent = count === 0 ? say("clean") : count === 1 ? say("dirty-one") : say("dirty", { count });
    note.classList.toggle("text-yellow", count > 0);
  }

  form.addEventListener("input", update);
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    if (note) note.textContent = say("saving");
    // after the browser has read which button was pressed
    setTimeout(() => document.querySelectorAll(`[form="${form.id}"]`).forEach((button) => (button.disabled = true)));
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    sent = false;
    document.querySelectorAll(`[form="${form.id}"]`).forEach((button) => (button.disabled = false));
    update();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!sent && (again || changes() > 0)) {
      event.preventDefault();
      event.returnValue = "";
    }
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
      event.preventDefault();
      if (!document.querySelector("dialog[open]")) form.requestSubmit(document.querySelector("[data-rn-save]"));
    }
  });
}

// 20041231, 2004.12.31, 2004/12/31 and 2004年12月31日 all mean 2004-12-31; what is not a date stays as it was typed.
function tidyDate(input) {
  const parts = /^\s*(\d{4})(?:[-./年]?)(\d{1,2})(?:[-./月]?)(\d{1,2})日?(?:[T\s]+(\d{1,2})[:：](\d{2})(?::\d{2})?)?\s*$/.exec(input.value);
  if (!parts) return;
  const [, year, month, day, hour, minute] = parts;
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const clock = hour === undefined ? "" : ` ${hour.padStart(2, "0")}:${minute}`;
  if (clock && input.dataset.rnDate !== "time") return;
  const tidy = date + clock;
  if (input.value !== tidy) input.value = tidy;
}

function pick(button) {
  const input = button.closest(".input-group").querySelector("[data-rn-date]");
  const picker = button.parentElement.querySelector("[data-rn-picker]");
  const wanted = input.value.replace(" ", "T");
  picker.value = picker.type === "datetime-local" && wanted.length === 10 ? `${wanted}T09:00` : wanted;
  picker.onchange = () => {
    input.value = picker.value.replace("T", " ");
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  picker.showPicker();
}

function size(bytes) {
  return bytes < 1048576 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function listFiles(zone) {
  const list = zone.parentElement.querySelector("[data-rn-chosen]");
  const lines = [...zone.querySelector("input").files].map((file) => {
    const line = document.createElement("li");
    line.textContent = `${file.name} · ${size(file.size)}`;
    return line;
  });
  list?.replaceChildren(...lines);
}

function drop(zone, event) {
  event.preventDefault();
  zone.classList.remove("is-over");
  const input = zone.querySelector("input");
  const both = new DataTransfer();
  for (const file of [...input.files, ...event.dataTransfer.files]) both.items.add(file);
  input.files = both.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function grow(area) {
  const edge = area.offsetHeight - area.clientHeight;
  if (area.scrollHeight + edge > area.offsetHeight) area.style.height = `${Math.min(area.scrollHeight + edge, 640)}px`;
}

// A line of the summary leads to its control, also where the control stands behind another (a reference, a group).
function lead(event) {
  const link = event.target.closest("[data-rn-problems] a");
  const target = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
  if (!target) return;
  event.preventDefault();
  target.closest("[data-rn-field]")?.scrollIntoView({ block: "center" });
  if (target.tomselect) target.tomselect.focus();
  else (target.matches("fieldset, div") ? target.querySelector("input, select, textarea") : target)?.focus();
}

export function startForms() {
  document.querySelectorAll("form[data-rn-form]").forEach(watch);
  document.querySelector("[data-rn-problems]")?.focus();
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("[data-rn-date]")) tidyDate(event.target);
    const zone = event.target.closest?.("[data-rn-drop]");
    if (zone) listFiles(zone);
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("[data-rn-grow]")) grow(event.target);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-rn-pick]");
    if (button) pick(button);
    lead(event);
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const zone = event.target.closest?.("[data-rn-drop]");
      if (!zone) return;
      if (kind === "drop") drop(zone, event);
      else if (kind === "dragover") event.preventDefault();
      zone.classList.toggle("is-over", kind === "dragover");
    });
  }
}
