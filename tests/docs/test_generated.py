"""Generated documents say what the code says today."""

from shared.resources.document import markdown
from tests.docs.declared_settings import OPERATIONS, ROOT, with_table


def test_resources_md_is_fresh() -> None:
    stale = "run: .venv/bin/python -m shared.resources.document > docs/resources.md"
    assert (ROOT / "docs" / "resources.md").read_text() == markdown(), stale


def test_the_settings_in_operations_md_are_fresh() -> None:
    stale = "run: .venv/bin/python -m tests.docs.declared_settings"
    page = OPERATIONS.read_text()
    assert page == with_table(page), stale
