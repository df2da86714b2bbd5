"""A real browser without a window: chromium, driven through chromedriver.

    with Browser() as browser:
        browser.open(path.as_uri())
        browser.run("return document.title")

chromedriver speaks the W3C's WebDriver (https://www.w3.org/TR/webdriver2/)
over HTTP on loopback; `cdp` sends a command of the DevTools protocol.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

BOUND = 300  # seconds for one answer, or one fact, on a very busy machine
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--force-color-profile=srgb")


def missing() -> str:
    """Say in one line what is not here, or nothing."""
    lacks = [name for name in ("chromium", "chromedriver")
             if not shutil.which(name)]
    return f"no {' and no '.join(lacks)} here" if lacks else ""


class Browser:
    """One browser with one window, and a profile that goes with it."""

    def __enter__(self) -> Browser:
        self.home = Path(tempfile.mkdtemp(prefix="half-close-browser-"))
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.home),
                 "LANG": "C.UTF-8"})
        try:
            assert self.driver.stdout
            said = ""
            for line in self.driver.stdout:
                said += line
                port = re.search(r"successfully on port (\d+)", line)
                if port:
                    break
            else:
                raise OSError(f"chromedriver did not start: {said}")
            self.at = f"http://127.0.0.1:{port[1]}/session"
            self.session = self._ask("", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                "goog:chromeOptions": {"binary": shutil.which("chromium"),
                                       "args": [*FLAGS, "--user-data-dir="
                                                f"{self.home / 'profile'}"]}
            }}})["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        self.at += f"/{self.session}"
        self._ask("/timeouts", {"script": BOUND * 1000,
                                "pageLoad": BOUND * 1000})
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if hasattr(self, "session"):
                self._send("DELETE", "", None)
        except OSError:
            pass
        self.driver.terminate()  # ends its browser too
        self.driver.wait(BOUND)
        if self.driver.stdout:
            self.driver.stdout.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def _send(self, method: str, path: str, words: Any) -> Any:
        request = urllib.request.Request(
            self.at + path, method=method,
            data=None if words is None else json.dumps(words).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=2 * BOUND) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            why = json.load(error)["value"]
            raise AssertionError(f"{why['error']}: {why['message']}") from None

    def _ask(self, path: str, words: Any) -> Any:
        return self._send("POST", path, words)

    def open(self, address: str) -> None:
        """Load a page, and return when it is loaded."""
        self._ask("/url", {"url": address})

    def run(self, script: str, *words: Any) -> Any:
        """Run a script's body in the page; it may `return` what JSON has."""
        return self._ask("/execute/sync", {"script": script, "args": words})

    def wait(self, script: str) -> Any:
        """Run a script's body, and return what it calls `done` with."""
        return self._ask("/execute/async", {
            "script": f"const done = arguments[0];{script}", "args": []})

    def reload(self) -> None:
        """Load the page anew, as a reader does."""
        self._ask("/refresh", {})

    def click(self, selector: str) -> None:
        """Click the first such element in its middle, as a mouse does."""
        found = self._ask("/element", {"using": "css selector",
                                       "value": selector})
        self._ask(f"/element/{next(iter(found.values()))}/click", {})

    def until(self, script: str, *words: Any) -> Any:
        """Return what a script says as soon as that is true."""
        deadline = time.monotonic() + BOUND
        while True:
            found = self.run(script, *words)
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"never true: {script}")

    def frames(self, count: int = 2) -> None:
        """Return when the page has been drawn so often."""
        self._ask("/execute/async", {"args": [count], "script": """
            const [count, done] = arguments;
            const next = (left) => left ? requestAnimationFrame(
                () => next(left - 1)) : done();
            next(count);"""})

    def cdp(self, command: str, **words: Any) -> Any:
        """Send a DevTools command and return its answer."""
        return self._ask("/goog/cdp/execute",
                         {"cmd": command, "params": words})

    def press(self, *keys: str, held: bool = False) -> None:
        """Press keys, one after the other, or all together if `held`."""
        actions = [{"type": kind, "value": key} for key in keys
                   for kind in ("keyDown", "keyUp")]
        if held:
            actions = [{"type": "keyDown", "value": key} for key in keys] + [
                {"type": "keyUp", "value": key} for key in reversed(keys)]
        self._ask("/actions", {"actions": [
            {"type": "key", "id": "keys", "actions": actions}]})

    def log(self, kind: str) -> list[dict[str, Any]]:
        """Return what was logged since last asked: browser, performance."""
        return self._ask("/se/log", {"type": kind})

    def media(self, **features: str) -> None:
        """Pretend a reader's wishes: prefers_color_scheme="dark"."""
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value}
            for name, value in features.items()])

    def size(self, width: int, height: int) -> None:
        """Make the page's window so large, in CSS pixels."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=1, mobile=False)
