"""One JupyterLab and one Chromium for all browser tests of a worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from . import jupyter


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker, so that one JupyterLab serves them all."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jupyter.Server]:
    """A running JupyterLab."""
    with jupyter.running(tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """A running Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=jupyter.ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page tall enough for a whole notebook. What its scripts raise fails the test."""
    context = browser.new_context(viewport={"width": 1100, "height": 2400})
    page = context.new_page()
    raised: list[str] = []
    page.on("pageerror", lambda error: raised.append(str(error)))
    yield page
    context.close()
    assert raised == []


@pytest.fixture
def picture(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[Any, str], Path]:
    """Takes pictures to look at: `picture(page, "light")`. `DJ_TEST_PICTURES` names a folder to keep them in."""
    kept = os.environ.get("DJ_TEST_PICTURES")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name).strip("-")

    def take(target: Any, what: str = "") -> Path:
        path = folder / f"{name}{'-' if what else ''}{what}.png"
        target.screenshot(path=str(path))
        return path

    return take
