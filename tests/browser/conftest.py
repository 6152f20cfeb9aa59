"""A real browser before a whole Ponte: processes, sandbox, first sync done. Without Chromium these tests are skipped.

With TEST_BROWSER=required, as in CI, they fail then.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from sandbox.embedded import Redis
from tests.journeys.deployment import Deployment, deployed
from tests.servers import copy_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
DESKTOP, PHONE = (1280, 900), (360, 780)
WORLD = {"leads": 60, "months": 3, "seed": 1, "kommo_limit": 0, "gestao_click_limit": 0}

UNLIMITED = {"KOMMO_RATE_LIMIT": "0", "GESTAO_CLICK_RATE_LIMIT": "0"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """No longer than it is needed: while Playwright is there its loop runs, and other tests want loops of their own."""
    if CHROMIUM is None:
        if os.environ.get("TEST_BROWSER") == "required":
            pytest.fail("no Chromium is here: apt-get install chromium")
        pytest.skip("NO BROWSER: no page was looked at; apt-get install chromium")
    with sync_playwright() as playwright:
        # the sandbox of Chromium needs rights that root in a container does not have; it opens our own pages alone
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Site:
    """One Ponte with the sandbox's accounts, everything read once."""

    ponte: Deployment
    secrets: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.ponte.port}"

    def link(self) -> str:
        """A link that signs in, once."""
        made = self.ponte.run("token", "login-link")
        assert made.returncode == 0, made.stderr
        return next(word for word in made.stdout.split() if word.startswith("http"))


@pytest.fixture(scope="module")
def site(
    chromium: Browser,
    postgres_url: str,
    template_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """On a Redis of its own: other tests count what theirs holds."""
    redis = Redis(tmp_path_factory.mktemp("redis"), persist=False)
    with ExitStack() as stack:
        stack.callback(redis.stop)
        url = stack.enter_context(copy_of(postgres_url, template_url))
        folder = tmp_path_factory.mktemp("browser")
        ponte = stack.enter_context(deployed(folder, url, redis.start(), UNLIMITED, **WORLD))
        ponte.env |= consenting(ponte)
        read = ponte.run("sync", "--json")
        assert read.returncode == 0, read.stderr
        assert ponte.run("match").returncode == 0
        ponte.start("web", "worker", "beat")
        access, secret = ponte.box.gestao_click_tokens
        yield Site(ponte, {"kommo": ponte.box.kommo_token, "apiKey": access, "secretToken": secret})


def consenting(ponte: Deployment) -> dict[str, str]:
    """The sandbox's owner is sent back to this Ponte."""
    options = ponte.box.options
    options.oauth_redirect_uri = f"http://127.0.0.1:{ponte.port}/oauth/kommo/callback"
    return {
        "KOMMO_CLIENT_ID": options.oauth_client_id,
        "KOMMO_CLIENT_SECRET": options.oauth_client_secret,
        "KOMMO_REDIRECT_URI": options.oauth_redirect_uri,
    }


@dataclass
class Reader:
    """Somebody at a browser, signed in; `wrongs` is what the browser complained of."""

    site: Site
    context: BrowserContext
    page: Page
    wrongs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrongs.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrongs.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _failed(self, asked: Any) -> None:
        # a page that is left cancels what it still asked for
        if asked.failure != "net::ERR_ABORTED":
            self.wrongs.append(f"{asked.failure}: {asked.url}")

    def _answered(self, answer: Any) -> None:
        if answer.status >= 400:
            self.wrongs.append(f"{answer.status}: {answer.url}")
        if not answer.url.startswith((self.site.address, "data:", "blob:")):
            self.wrongs.append(f"not ours: {answer.url}")

    @contextmanager
    def complaining(self, *statuses: str) -> Iterator[None]:
        """What is answered with one of these is meant to be."""
        before = self.wrongs
        self.wrongs = []
        yield
        meant = [one for one in self.wrongs if one.startswith(statuses) or "Failed to load" in one]
        self.wrongs = [*before, *(one for one in self.wrongs if one not in meant)]

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.site.address}{path}")
        return self.page

    def sign_in(self) -> Page:
        self.page.goto(self.site.link())
        return self.page


def reader_of(
    browser: Browser, site: Site, size: tuple[int, int] = DESKTOP, scheme: str = "light"
) -> Reader:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        locale="pt-BR",
    )
    context.set_default_timeout(20_000)
    return Reader(site, context, context.new_page())


@pytest.fixture
def reader(chromium: Browser, site: Site) -> Iterator[Reader]:
    """Signed in, at a desktop, in Portuguese; fails when the browser complained of anything."""
    one = reader_of(chromium, site)
    one.sign_in()
    yield one
    one.context.close()
    assert one.wrongs == []


def reports(reader: Reader) -> list[str]:
    """The addresses of all reports, as the gallery has them."""
    links = reader.open("/reports").locator("main a[href^='/reports/']")
    return sorted({str(link.get_attribute("href")) for link in links.all()})


@pytest.fixture
def screenshots() -> Path | None:
    """Where pictures of the pages are put, if TEST_SCREENSHOTS names a folder."""
    named = os.environ.get("TEST_SCREENSHOTS")
    return Path(named) if named else None
