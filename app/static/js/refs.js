// Reference fields: search on the server as one types, and create the missing row in a dialog without leaving the form.
/* global TomSelect */
import { say } from "./texts.js";
import { toast } from "./toasts.js";

const PAUSE = 200;
const NAMES = ["title", "name", "subject"]; // where what was typed belongs, unless the server put it somewhere

function text(tag, content, className = "") {
  const element = document.createElement(tag);
  element.textContent = content;
  if (className) element.className = className;
  return element;
}

// In a list box everything is an option; what cannot be chosen says so.
function note(content, className) {
  const box = text("div", content, className);
  box.setAttribute("role", "option");
  box.setAttribute("aria-disabled", "true");
  return box;
}

function offer(content) {
  const box = text("div", content, "create");
  box.setAttribute("role", "option");
  return box;
}

function line(item, label = item.label) {
  const box = text("div", "", "option");
  box.append(text("span", label));
  if (item.hint) box.append(text("small", item.hint));
  return box;
}

async function ask(select, query) {
  const url = new URL(select.dataset.searchUrl, location.href);
  url.searchParams.set("q", query);
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return answer.json();
}

function attach(select) {
  if (select.tomselect || typeof TomSelect === "undefined") return;
  const creates = "createUrl" in select.dataset;
  let more = false;
  const control = new TomSelect(select, {
    valueField: "value",
    labelField: "label",
    searchField: [], // the server decides what matches: pinyin and codes are not in the label
    sortField: [{ field: "$order" }],
    maxOptions: 200,
    loadThrottle: PAUSE,
    preload: "focus",
    openOnFocus: true,
    closeAfterSelect: !select.multiple,
    hidePlaceholder: false,
    placeholder: select.dataset.placeholder,
    plugins: select.multiple
      ? { remove_button: { title: say("remove") } }
      : { clear_button: { title: say("clear"), html: () => `<div class="clear-button" title="${say("clear")}">&times;</div>` } },
    create: creates ? (typed, done) => createInPlace(select, typed, done) : false,
    persist: true,
    shouldLoad: () => true,
    load(query, done) {
      ask(select, query)
        .then((found) => {
          more = Boolean(found.more);
          this.clearOptions((option) => this.items.includes(String(option.value)));
          done(found.options);
        })
        .catch(() => {
          toast(say("failed"), "error");
          done();
        });
    },
    render: {
      option: (item) => line(item),
      item: (item) => text("div", item.label, "item"),
      option_create: (data) => offer(say("create", { text: data.input })),
      no_results: () => note(say("none"), "no-results"),
      not_loading: () => null,
      loading: () => note("", "spinner"),
    },
    onLoad() {
      const box = this.dropdown_content;
      box.querySelector(".no-more-results")?.remove();
      if (more) box.append(note(say("more"), "no-more-results"));
    },
    onChange() {
      select.dispatchEvent(new Event("input", { bubbles: true }));
    },
  });
  // what exists stands before the offer to create another
  control.hook("after", "refreshOptions", () => {
    const offer = control.dropdown_content.querySelector(".create");
    if (offer) control.dropdown_content.append(offer);
  });
  const label = select.labels?.[0]?.textContent;
  control.control_input.setAttribute("aria-label", label || say("type"));
  for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
    if (select.hasAttribute(name)) control.control_input.setAttribute(name, select.getAttribute(name));
  }
}

function fill(dialog, html) {
  const body = dialog.querySelector("[data-rn-create-body]");
  body.innerHTML = html;
  startRefs(body);
  return body.querySelector("form");
}

// The dialog's form posts by itself: 201 chooses the new row, 422 shows the form again with its errors.
async function createInPlace(select, typed, done) {
  const dialog = document.getElementById("rn-create");
  let made = null;
  const finish = () => {
    dialog.removeEventListener("close", finish);
    done(made ?? undefined);
    if (made) toast(say("created", { label: made.label }), "success");
    select.tomselect?.focus();
  };

  const address = new URL(select.dataset.createUrl, location.href);
  address.searchParams.set("inline", "1");
  address.searchParams.set("label", typed);
  let answer;
  try {
    answer = await fetch(address, { headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  } catch {
    toast(say("failed"), "error");
    done();
    return;
  }

  function wire(form, first) {
    if (first) {
      const inputs = [...form.querySelectorAll("input[type=text].form-control:not([readonly], [data-rn-date])")];
      const named = inputs.find((input) => NAMES.includes(input.name)) ?? inputs[0];
      if (named && !inputs.some((input) => input.value === typed)) named.value = typed;
      (inputs.find((input) => !input.value) ?? named)?.focus();
    } else {
      form.querySelector("[data-rn-problems]")?.focus();
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("[type=submit]");
      if (button.disabled) return;
      button.disabled = true;
      try {
        const action = new URL(form.action, location.href);
        action.searchParams.set("inline", "1");
        const reply = await fetch(action, { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } });
        if (reply.status === 201) {
          made = await reply.json();
          dialog.close();
        } else if (reply.status === 422 || reply.status === 409) {
          wire(fill(dialog, await reply.text()), false);
        } else {
          throw new Error(String(reply.status));
        }
      } catch {
        toast(say("failed"), "error");
        button.disabled = false;
      }
    });
  }

  const form = fill(dialog, await answer.text());
  dialog.addEventListener("close", finish);
  dialog.showModal();
  wire(form, true);
}

export function startRefs(root) {
  root.querySelectorAll("select[data-rn-ref]").forEach(attach);
}
