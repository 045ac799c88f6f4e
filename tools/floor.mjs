// Hold the browser floor for style sheets: every at-rule, property, keyword, function and selector, ours and vendored,
// is looked up in MDN's compatibility data; what came after the floor is a fault.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import postcss from "postcss";
import selectorParser from "postcss-selector-parser";
import valueParser from "postcss-value-parser";

const require = createRequire(import.meta.url);
const { css } = require("@mdn/browser-compat-data");
const [floor] = JSON.parse(readFileSync("package.json", "utf8")).browserslist;
const FLOOR = Number(/^chrome (\d+)$/.exec(floor)[1]);

// What an older browser leaves out without harm, and why. Keys are as faults name them.
const HARMLESS = new Map([
  ["property print-color-adjust", "stands beside its -webkit- form"],
  ["property mask-image", "stands beside its -webkit- form"],
  ["property mask-size", "stands beside its -webkit- form"],
  ["property mask-position", "stands beside its -webkit- form"],
  ["property mask-repeat", "stands beside its -webkit- form"],
  ["property scrollbar-color", "the scroll bar keeps the system's tone"],
  ["value print-color-adjust: exact", "stands beside its -webkit- form"],
]);

const types = new Map([["rect", null]]); // of `clip`, which every browser has; the shape of the same name is newer
(function collect(tree) {
  for (const [name, branch] of Object.entries(tree)) {
    if (name === "__compat") continue;
    if (branch.__compat && !types.has(name)) types.set(name, branch);
    collect(branch);
  }
})(css.types);

function since(feature) {
  const support = feature?.__compat?.support?.chrome;
  if (!support) return null;
  const plain = [support].flat().filter((each) => !each.flags && !each.prefix && !each.alternative_name && !each.version_removed);
  const versions = plain.map((each) => each.version_added).filter((version) => typeof version === "string");
  if (!versions.length) return null; // never, or only behind a prefix: then it is ignored everywhere alike
  return Math.min(...versions.map((version) => (version === "preview" ? Infinity : Number(version.replace("≤", "")))));
}

function* features(root) {
  const found = [];
  root.walk((node) => {
    const say = (name, feature) => found.push([name, feature, node]);
    if (node.type === "atrule") {
      say(`at-rule @${node.name}`, css["at-rules"][node.name]);
    } else if (node.type === "rule") {
      if (node.parent?.type === "rule") say("nesting", css.selectors.nesting);
      if (/keyframes$/.test(node.parent?.name ?? "")) return;
      selectorParser((all) => all.walkPseudos((pseudo) => {
        const name = pseudo.value.replace(/^:+/, "");
        say(`selector ${pseudo.value}`, css.selectors[name]);
      })).processSync(node.selector);
    } else if (node.type === "decl" && !node.prop.startsWith("-")) {
      const property = css.properties[node.prop];
      say(`property ${node.prop}`, property);
      valueParser(node.value).walk((part) => {
        if (part.type === "function") say(`function ${part.value}()`, property?.[part.value] ?? types.get(part.value));
        else if (part.type === "word") say(`value ${node.prop}: ${part.value}`, property?.[part.value]);
      });
    } else if (node.type === "decl") {
      valueParser(node.value).walk((part) => {
        if (part.type === "function") say(`function ${part.value}()`, types.get(part.value));
      });
    }
  });
  yield* found;
}

let faults = 0;
for (const path of process.argv.slice(2)) {
  const told = new Set();
  for (const [name, feature, node] of features(postcss.parse(readFileSync(path, "utf8"), { from: path }))) {
    const version = since(feature);
    if (version === null || version <= FLOOR || HARMLESS.has(name) || told.has(name)) continue;
    told.add(name);
    faults += 1;
    console.error(`${path}:${node.source.start.line}: ${name} needs Chromium ${version}; the floor is ${FLOOR}`);
  }
}
process.exitCode = faults ? 1 : 0;
