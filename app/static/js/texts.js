// The words that scripts say, translated by the server into the page's #rn-texts.
const words = new Map();
for (const span of document.getElementById("rn-texts")?.content.querySelectorAll("[data-key]") ?? []) {
  words.set(span.dataset.key, span.textContent);
}

export function say(key, values = {}) {
  return (words.get(key) ?? "").replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
