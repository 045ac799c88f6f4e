"""A real Chromium without a screen, and what a test asks of it."""

import json
import os
import shutil
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import ElementClickInterceptedException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.patience import PATIENCE, until
from tests.support.people import PASSWORD
from tests.support.places import ROOT

AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SIZES: Final = {"desktop": (1440, 900, False), "phone": (390, 844, True)}

# A test's browser asks nobody for updates, and shows pages as the city's desktops do.
_FLAGS: Final = (
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=zh-CN",
    "--window-size=1440,900",
)

# What a page shows for some seconds it shows far longer here, or a busy machine would look when it has gone.
_LASTING: Final = """
const { setTimeout: usual } = window;
window.setTimeout = (work, wait = 0, ...more) => usual(work, wait < 5000 ? wait : wait * 10, ...more);
"""


class Element(WebElement):
    """An element that is clicked when it can be: the page may yet be scrolling to it, or something go from above it."""

    def click(self) -> None:
        until(self._clicked, f"something lies over {self.tag_name}", pause=0.05)

    def _clicked(self) -> bool:
        try:
            super().click()
        except ElementClickInterceptedException:
            return False
        return True


def open_chromium(profile: str) -> webdriver.Chrome:
    """Start Chromium with a profile folder of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium refuses to run as root otherwise
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = shutil.which("chromedriver")
    if driver is None:
        raise RuntimeError("chromedriver is not on this machine: run `make test`, or tools/debian.sh tests")
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    chrome._web_element_cls = Element
    chrome.set_script_timeout(PATIENCE)
    chrome.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _LASTING})
    return chrome


class Window:
    """A browser's window on one console."""

    def __init__(self, driver: webdriver.Chrome, base: str) -> None:
        self.driver = driver
        self.base = base

    def fresh(self) -> "Window":
        """Forget cookies, storage, size, theme and logs, as if the browser had just been installed."""
        self.driver.get("about:blank")
        self.command("Network.clearBrowserCookies")
        self.command("Storage.clearDataForOrigin", origin=self.base, storageTypes="all")
        self.wear("desktop", "light")
        self.problems()
        return self

    def command(self, name: str, **values: Any) -> None:
        """Send a command of the DevTools protocol."""
        self.driver.execute_cdp_cmd(name, values)

    def wear(self, size: str, theme: str) -> None:
        """Take the size of a desktop or a phone, and prefer light or dark."""
        width, height, mobile = SIZES[size]
        self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])

    def open(self, path: str) -> None:
        """Go to a path of the console and wait until the page has loaded."""
        self.driver.get(self.base + path)
        self.until(lambda: self.driver.execute_script("return document.readyState") == "complete")

    def sign_in(self, name: str, password: str = PASSWORD) -> "Window":
        """Sign in on the sign-in page."""
        self.open("/login/")
        self.one("[name=username]").send_keys(name)
        self.one("[name=password]").send_keys(password, Keys.ENTER)
        self.until(lambda: not self.path.startswith("/login"), f"{name} was not let in")
        return self

    @property
    def path(self) -> str:
        """The path of the page that is shown."""
        return urlsplit(self.driver.current_url).path

    def until(self, true: Callable[[], Any], otherwise: str = "", seconds: float = PATIENCE) -> Any:
        """Wait until something holds; return what it gave."""
        # the page may be replaced while it is looked at: what was found on the old one is looked for again
        stale = (StaleElementReferenceException,)
        wait = WebDriverWait(self.driver, seconds, poll_frequency=0.05, ignored_exceptions=stale)
        return wait.until(lambda _: true(), otherwise)

    def one(self, css: str) -> WebElement:
        """Wait for the first visible element that matches, and return it."""

        def visible() -> WebElement | None:
            return next((found for found in self.all(css) if found.is_displayed()), None)

        found: WebElement = self.until(visible, f"no visible {css} on {self.path}")
        return found

    def all(self, css: str) -> list[WebElement]:
        """Return the elements that match now, shown or not."""
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def problems(self) -> list[str]:
        """Say what went wrong since last asked: requests that left the host, failed answers, errors of scripts."""
        host = urlsplit(self.base).netloc
        found = []
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            params = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                target = urlsplit(params["request"]["url"])
                if target.scheme in {"http", "https", "ws", "wss"} and target.netloc != host:
                    found.append(f"left the host: {params['request']['url']}")
            if message["method"] == "Network.responseReceived" and params["response"]["status"] >= 400:
                found.append(f"{params['response']['status']}: {params['response']['url']}")
        found += [f"console: {entry['message']}" for entry in self._log("browser") if entry["level"] == "SEVERE"]
        return found

    def settle(self) -> None:
        """Wait until no fragment is being fetched, and let every animation come to its end at once."""
        self.until(
            lambda: self.driver.execute_script("return !document.querySelector('.htmx-request, .htmx-settling')")
        )
        self.driver.execute_script(
            "for (const one of document.getAnimations()) { try { one.finish() } catch { one.cancel() } }"
        )

    def barriers(self) -> list[str]:
        """Return the accessibility rules of axe-core that the shown page breaks."""
        self.settle()  # rules on colour measure what is painted: a transition half done would be blamed
        self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        report = self.driver.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
        return [
            f"{one['impact']} {one['id']}: {one['help']} ({len(one['nodes'])}×, first {one['nodes'][0]['target'][0]})"
            for one in report["violations"]
        ]

    def _log(self, kind: str) -> list[dict[str, Any]]:
        log: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return log
