"""A headless Chromium of the system's, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def browser() -> Iterator[Any]:
    """The browser; skips the test where there is none, or nothing to drive it with."""
    program = os.environ.get("SWEEPS_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed, and SWEEPS_TEST_BROWSER names none")
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    with api.sync_playwright() as playwright:
        # Containers and root have no sandbox to give.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


class ReportPage:
    """A report in a page of its own; `complaints` are what its console says and what it asks a network for."""

    def __init__(self, browser: Any, path: Path, **settings: Any) -> None:
        self.complaints: list[str] = []
        self.context = browser.new_context(**settings)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", self._note)
        self.url = path.as_uri()
        self.open()

    def open(self, fragment: str = "") -> None:
        self.page.goto("about:blank")
        self.page.goto(self.url + fragment)
        self.page.wait_for_selector("#page:not([hidden]) #vectors nav, #trouble:not([hidden])")

    def _note(self, request: Any) -> None:
        if not request.url.startswith((self.url, "about:", "blob:")):
            self.complaints.append(f"request: {request.url}")

    @property
    def count(self) -> int:
        """How many vectors are shown."""
        return int(self.page.inner_text("#count").split()[0].replace(",", ""))

    def wait_for(self, count: int) -> None:
        """Wait until so many vectors are shown."""
        self.page.wait_for_function(
            "count => document.getElementById('count').textContent.startsWith(count + ' of')", arg=f"{count:,}"
        )

    @property
    def totals(self) -> dict[str, str]:
        """The tiles by name."""
        return dict(
            self.page.eval_on_selector_all(
                "#totals dd", "tiles => tiles.map(tile => [tile.dataset.total, tile.textContent.replaceAll(',', '')])"
            )
        )

    def text(self) -> str:
        """Everything that is in the page, shown or folded away."""
        found: str = self.page.evaluate("document.body.textContent")
        return found

    def close(self) -> None:
        self.context.close()
