"""What people and vendors say travels to PostgreSQL as parameters: no statement is put together from it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import modules, shown

SQL = re.compile(
    r"\b(select\s|insert into\s|update\s+\w+(\.\w+)?\s+set|delete from\s|create\s+(table|view|or|temp)|"
    r"drop\s+(table|view)|alter\s+table|order by\s|where\s+\w+(\.\w+)?\s*(=|<|>|in\s|is\s|like\s)|interval\s+'|truncate\s|copy\s+\w+|comment on\s)",
    re.IGNORECASE,
)
EXECUTING = {"text", "execute", "exec_driver_sql", "scalar", "scalars", "copy"}
DECLARED = "names of tables and columns out of declarations"
PIECES = "pieces that stand in the same module"
REVIEWED = {
    "shared/db/bookkeeping.py": "an index's letter, out of the module itself",
    "webhook_app/best_sellers.py": PIECES,
    "webhook_app/people/persons.py": "when a pair holds, as shared/matches.py says",
    "webhook_app/people/story.py": PIECES,
    "webhook_app/targets.py": PIECES,
    "worker/audit/comparing.py": DECLARED,
    "worker/audit/mending.py": DECLARED,
    "worker/audit/notes.py": DECLARED,
    "worker/matching/pairs.py": PIECES,
    "worker/matching/parties.py": PIECES,
    "worker/matching/sales.py": PIECES,
    "worker/forgetting.py": "names of tables out of the metadata, and a view's, quoted",
    "worker/reports/definitions.py": "declarations, names of slug(), texts of a vendor quoted as literals",
    "worker/reports/views.py": "the same, put to PostgreSQL",
    "worker/sync/statements.py": DECLARED,
}
"""Modules that put statements together, and from what: never from what was asked or answered as it came."""


def built(path: Path) -> Iterator[str]:
    """Statements of a file that are no plain text: f-strings, +, %, format, join."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and not _is_numbers(node) and SQL.search(_literal(node)):
            yield f"{node.lineno}: {_literal(node)[:60]!r}"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
            if any(_says_sql(side) for side in (node.left, node.right)):
                yield f"{node.lineno}: an operator"
        elif _is_format(node):
            yield f"{node.lineno}: format"
        if isinstance(node, ast.Call) and _called(node) in EXECUTING and node.args:
            first = node.args[0]
            if isinstance(first, ast.JoinedStr) and not _is_numbers(first):
                yield f"{node.lineno}: {_called(node)} of an f-string"


def _is_format(node: ast.AST) -> bool:
    is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    return is_method and _called(node) == "format" and _says_sql(node.func.value)


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _literal(node: ast.JoinedStr) -> str:
    return "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))


def _says_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and bool(SQL.search(str(node.value)))


def _is_numbers(node: ast.JoinedStr) -> bool:
    """Only values that are written as numbers: `{days:d}` of a text fails."""
    specs = [v.format_spec for v in node.values if isinstance(v, ast.FormattedValue)]
    return all(isinstance(spec, ast.JoinedStr) and _literal(spec) in ("d", "f") for spec in specs)


FILES = modules("shared", "webhook_app", "worker")


def test_no_statement_is_put_together_but_where_it_was_reviewed() -> None:
    found = {shown(path): list(dict.fromkeys(built(path))) for path in FILES}
    unreviewed = {name: where for name, where in found.items() if where and name not in REVIEWED}
    assert unreviewed == {}


def test_what_is_reviewed_is_still_needed() -> None:
    needed = {shown(path) for path in FILES if list(built(path))}
    assert set(REVIEWED) <= needed


@pytest.mark.parametrize(
    "code",
    [
        'text(f"select * from t where name = {name!r}")',
        'c.execute(text("select * from t where name = " + name))',
        'text("select * from t where name = %s" % name)',
        'text("select * from {}".format(name))',
        'x = f"delete from t where id = {id_}"',
        'c.exec_driver_sql(f"{anything}")',
        "text(f\"interval '{days} days'\")",
    ],
)
def test_whoever_puts_one_together_is_found(tmp_path: Path, code: str) -> None:
    (tmp_path / "x.py").write_text(code)
    assert list(built(tmp_path / "x.py"))


def test_parameters_and_numbers_are_fine(tmp_path: Path) -> None:
    fine = 'text("select * from t where name = :name")\ntext(f"interval \'{days:d} days\'")\nf"run {id_} is done"'
    (tmp_path / "x.py").write_text(fine)
    assert not list(built(tmp_path / "x.py"))
