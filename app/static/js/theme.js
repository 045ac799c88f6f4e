// Sets the tone and the density before the first paint; loaded blocking, so it must stay small and not be a module.
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored(key) {
    try {
      return window.localStorage.getItem(key);
    } catch {
      return null; // storage may be forbidden; the system's choice then holds
    }
  }

  function apply() {
    var chosen = stored("rn-theme");
    root.dataset.bsTheme = chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
  }

  var density = stored("rn-density");
  if (density === "compact" || density === "roomy") root.dataset.density = density;
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
})();
