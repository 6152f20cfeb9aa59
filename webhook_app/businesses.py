"""Whose figures a page shows: a business is a user of `ponte.integration_settings`, with its accounts at each vendor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection

from shared import integrations
from shared.integrations import OF_ENVIRONMENT, Integration
from shared.settings import Settings
from webhook_app.words import say


@dataclass(frozen=True)
class Business:
    user: str
    accounts: tuple[Integration, ...] = ()

    @property
    def id(self) -> int:
        """How an address names it: its first account."""
        return min((one.id for one in self.accounts), default=0)

    @property
    def title(self) -> str:
        return say("Principal", "Main") if self.user == "default" else self.user

    def of(self, *providers: str) -> list[int]:
        """Ids of its accounts there."""
        return [one.id for one in self.accounts if one.provider in providers]


NOBODY = Business("default")


def known(connection: Connection, settings: Settings) -> list[Business]:
    """All that have an account which was not removed: those of the environment first, those that work before others."""
    there = [one for one in integrations.all_of(connection) if not one.removed]
    return sorted(_gathered(there), key=lambda one: (_rest(settings, one), one.id))


def _gathered(accounts: Iterable[Integration]) -> list[Business]:
    by_user = sorted(accounts, key=lambda one: (one.user_id, one.id))
    return [Business(user, tuple(of)) for user, of in groupby(by_user, lambda one: one.user_id)]


def _rest(settings: Settings, one: Business) -> tuple[bool, bool]:
    working = any(
        each.active and integrations.has_credentials(settings, each) for each in one.accounts
    )
    return not working, one.user not in OF_ENVIRONMENT


def meant(among: list[Business], account: str | None) -> Business:
    """The one that an account is of; without one, or with one that nobody has, the first."""
    found = [one for one in among if account in {str(each.id) for each in one.accounts}]
    return (found or among or [NOBODY])[0]
