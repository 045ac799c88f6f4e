"""Copy the few front-end files that the console serves from node_modules to app/static/vendor, with their licences."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
TARGET = ROOT / "app" / "static" / "vendor"

FILES: dict[str, tuple[str, ...]] = {
    "@tabler/core": ("dist/css/tabler.min.css", "dist/js/tabler.min.js", "LICENSE"),
    "@tabler/icons-webfont": ("dist/tabler-icons.min.css", "dist/fonts/tabler-icons.woff2", "LICENSE"),
    "htmx.org": ("dist/htmx.min.js", "LICENSE"),
    "swagger-ui-dist": ("swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"),
    "tom-select": ("dist/js/tom-select.complete.min.js", "LICENSE"),
}
SHORT = {
    "@tabler/core": "tabler",
    "@tabler/icons-webfont": "icons",
    "htmx.org": "htmx",
    "swagger-ui-dist": "swagger-ui",
    "tom-select": "tom-select",
}

# Maps are not shipped, so a comment that points to one would be a request that fails.
SOURCE_MAP = re.compile(r"\s*(?://|/\*)[#@]\s*sourceMappingURL=\S+(?:\s*\*/)?\s*$")
# Every browser of the floor reads woff2; the other faces would be a megabyte that nobody asks for.
OTHER_FACES = re.compile(r',\s*url\("[^"]+\.(?:woff|ttf)\?[^"]*"\)\s*format\("[^"]+"\)')


def place(package: str, name: str) -> Path:
    """Return where a package's file is served from: one folder per package, fonts in theirs."""
    leaf = Path(name)
    folder = TARGET / SHORT[package]
    return folder / "fonts" / leaf.name if leaf.parent.name == "fonts" else folder / leaf.name


def copy(package: str, name: str) -> None:
    """Copy one file, without the pointers to files that are not shipped."""
    source, target = MODULES / package / name, place(package, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix not in {".css", ".js"}:
        shutil.copyfile(source, target)
        return
    text = SOURCE_MAP.sub("\n", source.read_text(encoding="utf-8"))
    if package == "@tabler/icons-webfont":
        text = OTHER_FACES.sub("", text)
    target.write_text(text, encoding="utf-8")


def main() -> int:
    """Fill the folder anew and note the versions it holds."""
    if not MODULES.is_dir():
        print("node_modules is missing: run `npm ci` first", file=sys.stderr)
        return 1
    shutil.rmtree(TARGET, ignore_errors=True)
    versions: dict[str, str] = {}
    for package, names in FILES.items():
        for name in names:
            copy(package, name)
        versions[package] = json.loads((MODULES / package / "package.json").read_text(encoding="utf-8"))["version"]
    (TARGET / "versions.json").write_text(json.dumps(versions, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{sum(map(len, FILES.values()))} files in {TARGET.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
