// Starts every part of the console; each part looks for what it serves and does nothing without it.
import { startDialogs } from "./dialogs.js";
import { startForms } from "./forms.js";
import { startKeyboard } from "./keyboard.js";
import { startLists } from "./lists.js";
import { startPalette } from "./palette.js";
import { startRefs } from "./refs.js";
import { startReveals } from "./reveal.js";
import { startShell } from "./shell.js";
import { startTabs } from "./tabs.js";
import { startToasts } from "./toasts.js";

startShell();
startDialogs();
startToasts();
startTabs();
startRefs(document);
startForms();
startLists();
startReveals();
startPalette();
startKeyboard();
document.documentElement.dataset.rnReady = "";
