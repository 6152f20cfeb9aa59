"""The sums that stand beside a list of titles."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from webhook_app.wallet.views import money

STATUSES = ("cleared", "pending", "overdue")


def summed(parts: Sequence[Any]) -> dict[str, Any]:
    """By type and status, and how many titles they are of; `parts` have type, status, titles, net."""
    sums = {
        type_: _of([one for one in parts if one.type == type_]) for type_ in ("income", "expense")
    }
    return {
        "count": sum(one.titles for one in parts),
        **{type_: {name: money(net) for name, net in of.items()} for type_, of in sums.items()},
        "amount": money(sums["income"]["total"] - sums["expense"]["total"]),
    }


def _of(parts: Sequence[Any]) -> dict[str, Decimal]:
    nets = dict.fromkeys((*STATUSES, "total"), Decimal(0))
    for one in parts:
        nets[one.status] += one.net
        nets["total"] += one.net
    return nets
