"""What the documents point at is there: files, headings, settings, commands."""

import re
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from tests.docs.declared_settings import ROOT, declared
from worker.cli import app

PAGES = sorted(
    page
    for page in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
    ]
)
TARGETS = ("kommo", "gestao", "PONTE")


def _links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)\s]+)\)", page.read_text())


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in _links(page):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_are_named_exist(page: Path) -> None:
    group = get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    named = re.findall(r"`(?:\.venv/bin/)?ponte ([a-z-]+)(?: ([a-z-]+))?", page.read_text())
    for command, below in named:
        assert command in group.commands, f"{page.name}: ponte {command}"
        found = group.commands[command]
        if isinstance(found, typer.core.TyperGroup) and below:
            assert below in found.commands, f"{page.name}: ponte {command} {below}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {name for one in declared() for name in one.names}
    known |= {f"{name}_FILE" for name in known} | {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    ours = r"`((?:KOMMO|GESTAO_CLICK|PONTE_(?!URL)|FLOWER)[A-Z_]+)[`=]"
    assert set(re.findall(ours, page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_project_that_are_named_exist(page: Path) -> None:
    folders = "shared|worker|webhook_app|sandbox|tests|docs|examples|migrations"
    for name in re.findall(rf"`((?:{folders})/[\w./-]+\.(?:py|md|json|lua|sh))`", page.read_text()):
        assert (ROOT / name).exists() or "tasks" in name, f"{page.name}: {name}"
