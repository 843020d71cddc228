"""One small interface to three browser engines, so that the same test runs in all of them."""

import contextlib
import os
import re
import shutil
import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from marionette_driver import errors
from marionette_driver.marionette import Marionette
from playwright.sync_api import Page
from selenium.common import StaleElementReferenceException
from selenium.webdriver import ActionChains, Keys, WebKitGTK
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from reaction_board.local.processes import running, wait_until
from tests.browser import CHROMIUM, chromium
from tests.page.actions import TIMEOUT
from tests.servers import eventually

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
XVFB, WEBKIT_DRIVER = shutil.which("Xvfb"), shutil.which("WebKitWebDriver")
MINI_BROWSER = next(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"), None)  # */ is the architecture

NOTEPAD = "data:text/html,<p contenteditable role=textbox aria-label=Notepad style=min-height:9em></p>"
ELEMENTS = {  # by their roles, which WebDriver cannot search for
    "button": "button",
    "heading": "h1, h2",
    "link": "a",
    "textbox": "[role=textbox]",
}


class Engine(ABC):
    """A browser with one tab. Elements go by what assistive technology calls them: role and accessible name."""

    @abstractmethod
    def open(self, url: str) -> None:
        """Load a page."""

    @abstractmethod
    def press(self, *keys: str) -> None:
        """Press keys, one after another: "a", "Enter", "ArrowDown", or with a modifier, "Control+v"."""

    @abstractmethod
    def click(self, role: str, name: str) -> None:
        """Click on the first such element as soon as there is one."""

    @abstractmethod
    def has(self, role: str, name: str) -> bool:
        """Return whether such an element can be perceived at this moment."""

    @abstractmethod
    def text(self) -> str:
        """Return all text that can be read at this moment."""

    def copied(self) -> str:
        """Leave the page and return what was copied there, by pasting it elsewhere."""
        self.open(NOTEPAD)
        self.click("textbox", "Notepad")
        self.press("Control+v")
        eventually(lambda: self.text() != "")
        return self.text()


class Playwright(Engine):
    """Chromium. Playwright's own builds of the other engines come from no package registry."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        self.page.goto(url)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def click(self, role: Any, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).first.click()

    def has(self, role: Any, name: str) -> bool:
        return self.page.get_by_role(role, name=name, exact=True).count() > 0

    def text(self) -> str:
        return self.page.locator("body").inner_text().strip()


class WebDriver(Engine):
    """What the drivers of Firefox and WebKit share. Both have the methods of WebDriver, with names of their own."""

    stale: type[Exception]  # an element is gone that was found just before

    @abstractmethod
    def name_of(self, element: Any) -> str:
        """Return the accessible name of an element."""

    @abstractmethod
    def press_together(self, keys: list[str]) -> None:
        """Press keys in WebDriver's own code, each before the one before it is released."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def press(self, *keys: str) -> None:
        for key in keys:
            self.press_together([_code(part) for part in re.split(r"(?<=.)\+", key)])

    def click(self, role: str, name: str) -> None:
        assert eventually(lambda: self._on_first(role, name, lambda element: element.click())), (role, name)

    def has(self, role: str, name: str) -> bool:
        return self._on_first(role, name, lambda element: None)

    def text(self) -> str:
        return str(self.driver.find_element("css selector", "body").text).strip()

    def _on_first(self, role: str, name: str, act: Callable[[Any], object]) -> bool:
        """Act on the first such element; return whether there is one."""
        with contextlib.suppress(self.stale):
            for element in self.driver.find_elements("css selector", ELEMENTS[role]):
                if self.name_of(element) == name and element.is_displayed():
                    act(element)
                    return True
        return False


def _code(key: str) -> str:
    """Return WebDriver's code of a key by the name that browsers give it, as ArrowDown."""
    return key if len(key) == 1 else str(getattr(Keys, re.sub(r"(?<!^)(?=[A-Z])", "_", key).upper()))


class Gecko(WebDriver):
    """Firefox."""

    stale = errors.StaleElementException

    def open(self, url: str) -> None:
        self.driver.navigate(url)

    def name_of(self, element: Any) -> str:
        return str(element.computed_label)

    def press_together(self, keys: list[str]) -> None:
        keyboard = self.driver.actions.sequence("key", "keyboard")
        for key in keys:
            keyboard.key_down(key)
        for key in reversed(keys):
            keyboard.key_up(key)
        keyboard.perform()


class WebKit(WebDriver):
    """WebKit, as Safari and GNOME's browser have it."""

    stale = StaleElementReferenceException

    def open(self, url: str) -> None:
        self.driver.get(url)

    def name_of(self, element: Any) -> str:
        return str(element.accessible_name)

    def press_together(self, keys: list[str]) -> None:
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.key_down(key)
        for key in reversed(keys):
            chain.key_up(key)
        chain.perform()


@contextlib.contextmanager
def _chromium() -> Iterator[Engine]:
    with chromium() as browser, browser.new_context() as context:
        context.set_default_timeout(TIMEOUT)
        yield Playwright(context.new_page())


@contextlib.contextmanager
def _firefox() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        profile = Path(name)
        (profile / "user.js").write_text('user_pref("marionette.port", 0);\n')  # a free one
        command = [str(FIREFOX), "-headless", "-no-remote", "-marionette", "-profile", name]
        # Its sandbox does not start as root.
        environment = {**os.environ, "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
        with running("Firefox", command, signal.SIGTERM, log=profile / "log", env=environment) as child:
            port_file = profile / "MarionetteActivePort"
            wait_until(lambda: int(port_file.read_text()), child, (OSError, ValueError))
            driver = Marionette(port=int(port_file.read_text()))
            driver.start_session()
            yield Gecko(driver)
            driver.delete_session()
            driver.cleanup()


@contextlib.contextmanager
def _webkit() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        display_file = Path(name) / "display"
        # Xvfb chooses a free display and writes its number to the file descriptor.
        command = ["sh", "-c", 'exec "$0" -displayfd 3 -screen 0 1280x800x24 -nolisten tcp 3>"$1"']
        command += [str(XVFB), str(display_file)]
        with running("X server", command, signal.SIGTERM, log=Path(name) / "log") as child:
            wait_until(lambda: int(display_file.read_text()), child, (OSError, ValueError))
            environment = {**os.environ, "DISPLAY": f":{int(display_file.read_text())}", "HOME": name}
            options = Options()
            options.binary_location = str(MINI_BROWSER)
            options.add_argument("--automation")
            driver = WebKitGTK(options, Service(WEBKIT_DRIVER, env=environment))
            yield WebKit(driver)
            driver.quit()


ENGINES = {  # how to start each, whether it is there, and what to install if not
    "chromium": (_chromium, CHROMIUM, "chromium-headless-shell"),
    "firefox": (_firefox, FIREFOX, "firefox-esr"),
    "webkit": (_webkit, XVFB and WEBKIT_DRIVER and MINI_BROWSER, "webkit2gtk-driver xvfb"),
}
