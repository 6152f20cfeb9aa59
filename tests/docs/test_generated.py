"""Generated documents say what the code says today."""

import re

from shared.resources.document import markdown
from tests.docs.declared_settings import OPERATIONS, ROOT, with_table


def test_resources_md_is_fresh() -> None:
    stale = "run: .venv/bin/python -m shared.resources.document > docs/resources.md"
    assert (ROOT / "docs" / "resources.md").read_text() == markdown(), stale


def test_the_settings_in_operations_md_are_fresh() -> None:
    stale = "run: .venv/bin/python -m tests.docs.declared_settings"
    page = OPERATIONS.read_text()
    assert page == with_table(page), stale


def test_the_guides_example_is_the_code_that_came_of_it() -> None:
    guide = (ROOT / "docs" / "adding-a-resource.md").read_text()
    declared = re.search(r"```python\n(.+?)```", guide, re.DOTALL)
    fixture = re.search(r"```json\n(.+?)```", guide, re.DOTALL)
    assert declared
    assert fixture
    assert declared[1] in (ROOT / "shared" / "resources" / "kommo.py").read_text()
    assert fixture[1] == (ROOT / "sandbox" / "fixtures" / "kommo" / "tasks.json").read_text()
