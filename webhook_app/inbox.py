"""Deliveries share their commits: what comes while one commit is under way goes with the next.

A commit costs this process and PostgreSQL many times what a row in it costs. So few threads take all that waits,
and each request waits for the commit that its own is in.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from shared import deliveries, integrations
from shared.deliveries import Arrival
from shared.settings import Settings
from webhook_app.database import Database

TOGETHER = 16 * 1024 * 1024
"""Bytes of bodies after which a commit takes no more of them."""

OWN = "environment's integration"
GATHER = 0.001
"""Seconds that a commit waits for more letters, as PostgreSQL's commit_delay: half more of them in a second."""


@dataclass(frozen=True)
class Letter:
    """A delivery for one integration: None is the environment's, made if absent."""

    integration_id: int | None
    body: bytes = field(repr=False)
    content_type: str | None


Waiting = tuple[Letter, "Future[int]"]
Known = dict[str, int]


class Inbox:
    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._waiting: deque[Waiting] = deque()

    def keep(self, letter: Letter, seconds: float) -> int:
        """The integration's id, once the letter is committed; raises DatabaseAway.

        One that is given up before its turn is not written; one whose commit is under way may still be kept.
        """
        kept: Future[int] = Future()
        self._waiting.append((letter, kept))
        self._database.start(self._carry)
        return self._database.wait(kept, seconds)

    def close(self) -> None:
        self._database.close()

    def _carry(self) -> None:
        """Commits what waits; started after another that took it all, it finds nothing to do."""
        if self._waiting:
            time.sleep(GATHER)
        if together := self._take():
            self._commit(together)

    def _take(self) -> list[Waiting]:
        taken: list[Waiting] = []
        size = 0
        while size < TOGETHER:
            try:
                letter, kept = self._waiting.popleft()
            except IndexError:
                break
            if kept.set_running_or_notify_cancel():
                taken.append((letter, kept))
                size += len(letter.body)
        return taken

    def _commit(self, together: Sequence[Waiting]) -> None:
        try:
            ids = self._committed([letter for letter, _ in together])
        except BaseException as error:  # whoever waits raises it
            for _, kept in together:
                kept.set_exception(error)
        else:
            for (_, kept), id_ in zip(together, ids, strict=True):
                kept.set_result(id_)

    def _committed(self, letters: Sequence[Letter]) -> list[int]:
        """Once more where the connection turns out to be one that PostgreSQL has cut since: asking it before each
        commit whether it lives would cost as much as the commit. What was kept already is kept twice then."""
        try:
            return self._database.transaction(self._keep, letters)
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            return self._database.transaction(self._keep, letters)

    def _keep(self, connection: Connection, letters: Sequence[Letter]) -> list[int]:
        known: Known = connection.info
        ids = [letter.integration_id or self._own(connection, known) for letter in letters]
        arrived = zip(ids, letters, strict=True)
        try:
            deliveries.keep(
                connection, [Arrival(id_, a.body, a.content_type) for id_, a in arrived]
            )
        except BaseException:
            known.pop(OWN, None)  # it may have been made in what is rolled back now
            raise
        return ids

    def _own(self, connection: Connection, known: Known) -> int:
        """The environment's integration, remembered as long as the connection lives: another database, another one."""
        if OWN not in known:
            known[OWN] = integrations.environments(connection, self._settings, "kommo").id
        return known[OWN]
