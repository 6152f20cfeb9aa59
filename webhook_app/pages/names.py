"""What pages call vendors and accounts."""

from __future__ import annotations

from sqlalchemy import Connection

from shared import integrations
from shared.integrations import OF_ENVIRONMENT, WALLET, Integration

TITLES = {"kommo": "Kommo CRM", "gestao-click": "Gestão Click"}


def accounts(connection: Connection) -> dict[int, str]:
    """`Kommo CRM`, `Gestão Click · filial`: by the integration's id."""
    return {one.id: account(one) for one in integrations.all_of(connection)}


def account(one: Integration) -> str:
    named = [TITLES[one.provider]]
    named += [one.user_id] if one.user_id not in OF_ENVIRONMENT else []
    named += [one.wallet_id] if one.wallet_id != WALLET else []
    return " · ".join(named)
