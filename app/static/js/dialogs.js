// Opens and closes the page's native dialogs: [data-rn-open=<id>] opens, [data-rn-close] and a click beside it close.
export function openDialog(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-rn-open]");
    if (opener) openDialog(document.getElementById(opener.dataset.rnOpen));
    else if (event.target.closest("[data-rn-close]")) event.target.closest("dialog")?.close();
    else if (event.target.closest("[data-rn-keys]")) openDialog(document.getElementById("rn-keys"));
  });
  for (const dialog of document.querySelectorAll("dialog.rn-dialog:not(#rn-create)")) {
    // only a press that starts on the veil closes: a selection that ends there must not lose what was typed
    dialog.addEventListener("mousedown", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
}
