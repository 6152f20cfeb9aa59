"""What may be chosen in a form: pairs of a value and what it is called."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from webhook_app.reports.grammar import Choices

Options = Sequence[tuple[str, str]]


def options(connection: Connection, choices: Choices, accounts: Sequence[int]) -> Options:
    """By what they are called; of several with one value, one."""
    table = choices.table.c
    value, label = table[choices.value], func.min(table[choices.label])
    mine = table.integration_id.in_(accounts)
    found = select(value, label).where(mine, value.is_not(None)).group_by(value).order_by(label)
    return [(str(row[0]), str(row[1] or row[0])) for row in connection.execute(found)]
