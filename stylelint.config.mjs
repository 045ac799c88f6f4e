// The style of our own sheet; what the browser floor allows is checked by tools/floor.mjs.
export default {
  rules: {
    "block-no-empty": true,
    "color-no-invalid-hex": true,
    "declaration-block-no-duplicate-properties": [true, { ignore: ["consecutive-duplicates-with-different-values"] }],
    "declaration-property-value-no-unknown": null,
    "function-no-unknown": true,
    "font-weight-notation": "numeric",
    "declaration-property-value-allowed-list": { "font-weight": ["400", "600"] },
    "no-duplicate-at-import-rules": true,
    "no-invalid-double-slash-comments": true,
    "property-no-unknown": true,
    "selector-pseudo-class-no-unknown": true,
    "selector-pseudo-element-no-unknown": true,
    "unit-no-unknown": true,
  },
};
