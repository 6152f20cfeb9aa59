"""Every page, as people have it before them: nothing breaks, nothing is too wide, everybody can read it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESKTOP, PHONE, Reader, Site, reader_of, reports

PAGES = (
    "/",
    "/status",
    "/reports",
    "/people",
    "/matches",
    "/matches?kind=deals",
    "/wallet",
    "/runs",
    "/inbox",
    "/inbox/rejects",
    "/integrations",
    "/integrations/new",
    "/alerts",
    "/alerts/rules",
    "/alerts/channels",
)
LOOKS = {"desktop": (DESKTOP, "light"), "phone": (PHONE, "light"), "dark": (DESKTOP, "dark")}
GRAVE = ("serious", "critical")
pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module", params=LOOKS)
def looking(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Reader]:
    one = reader_of(chromium, site, *LOOKS[request.param])
    one.sign_in()
    yield one
    one.context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_sound(
    looking: Reader, path: str, request: pytest.FixtureRequest, screenshots: Path | None
) -> None:
    look = request.node.callspec.params["looking"]
    ensure_sound(looking, path, screenshots, look)


def test_every_report_is_sound(
    looking: Reader, request: pytest.FixtureRequest, screenshots: Path | None
) -> None:
    found = reports(looking)
    assert len(found) >= 10
    for path in found:
        ensure_sound(looking, path, screenshots, request.node.callspec.params["looking"])


def ensure_sound(reader: Reader, path: str, screenshots: Path | None, look: str) -> None:
    page = reader.open(path)
    expect(page.locator("h1")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    if screenshots:
        name = re.sub(r"\W+", "-", path).strip("-") or "home"
        page.screenshot(path=screenshots / f"{name}--{look}.png", full_page=True)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0, f"{path} is wider than the window"
    found = Axe().run(page).response["violations"]
    grave = [(one["id"], one["nodes"][0]["html"][:200]) for one in found if one["impact"] in GRAVE]
    assert grave == [], path
    complaints, reader.wrongs = reader.wrongs, []
    assert complaints == [], path
