// Scripts: our own are modules of ES2022, and neither they nor the vendored ones ask for more than the browser floor has.
import compat from "eslint-plugin-compat";
import esx from "eslint-plugin-es-x";
import globals from "globals";

const { rules } = esx.configs["flat/restrict-to-es2022"];
// Aggressive looks at a method's name alone; these names are those of arrays and elements, which have them since long.
// findLast is of Chromium 97, before the floor, though of a later standard.
const ALSO_OLD = /no-iterator-prototype-|no-resizable-|no-array-prototype-findlast-/;

// Of the browser's own objects, those that one is tempted by and that no plugin knows.
const LATER = ["canParse", "startViewTransition", "showPopover", "hidePopover", "togglePopover", "setHTMLUnsafe", "moveBefore", "requestClose"];

const newer = {
  plugins: { "es-x": esx, compat },
  rules: Object.fromEntries(Object.entries(rules).filter(([name]) => !ALSO_OLD.test(name))),
  languageOptions: { ecmaVersion: "latest", globals: globals.browser },
  settings: { "es-x": { aggressive: true } }, // methods too, whatever they are called on
};

export default [
  { ignores: ["node_modules/**", ".venv/**", "var/**"] },
  { linterOptions: { reportUnusedDisableDirectives: "off" } },
  { files: ["app/static/**/*.js"], ...newer },
  {
    files: ["app/static/js/**/*.js"],
    rules: {
      "compat/compat": "error",
      "eqeqeq": "error",
      "no-const-assign": "error",
      "no-dupe-keys": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-undef": "error",
      "no-restricted-properties": ["error", ...LATER.map((property) => ({ property, message: "newer than the browser floor" }))],
      "no-unreachable": "error",
      "no-unused-vars": "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  // theme.js is loaded before everything, so it is a plain script
  { files: ["app/static/js/theme.js"], languageOptions: { sourceType: "script" }, rules: { "no-var": "off" } },
  { files: ["app/static/vendor/**/*.js"], languageOptions: { sourceType: "script" }, linterOptions: { noInlineConfig: true } },
];
