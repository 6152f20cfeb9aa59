"""What an observer of the sandbox's world may ask of a mirror: which changes were told, which were not.

Kommo tells of a change by `updated_at` or by its audit log (kommo-api.md 4.4). What moves neither is
quiet (9, 10): only a webhook or a full walk can learn of it.
"""

import time

from sandbox import Sandbox
from sandbox.kommo.events import ENTITY
from sandbox.records import Key, Record, Table

LISTS = {entity: name for name, entity in ENTITY.items()}
LOUD_EVENTS = ("_linked", "_unlinked", "_restored", "tag_added", "tag_deleted", "entity_merged")
"""Endings of the event types after which a record is looked at again."""
ONLY_ENDS_ARE_TOLD = ("leads", "contacts", "companies", "tasks")
"""Lists whose every deletion stands in the audit log; of notes only those of common ones (5.10)."""

Place = tuple[str, Key]
"""(list, key)"""


class Ledger:
    """Looks at the world after each step and keeps what a mirror cannot be blamed for.

    quiet: records of which the vendor has not told everything, and since when; ended: records that were deleted at some
    time; told: those whose deletion, if they are deleted now, was told by the audit log; under_way: lists
    that somebody is in the middle of reading.
    """

    def __init__(self, box: Sandbox) -> None:
        self.box = box
        self.quiet: dict[Place, float] = {}
        self.ended: set[Place] = set()
        self.told: set[Place] = set()
        self.ever_hidden: set[Place] = set()
        self.under_way: set[str] = set()
        self._seen: dict[str, dict[Key, Record]] = {}
        self.note(0)

    def note(self, since: int) -> None:
        """Takes in what has changed; `since`: no change of this step is stamped with an older second."""
        with self.box.world.lock:
            tables = self.box.world.of("kommo")
            loud = self._named_by_events(since)
            for table in tables:
                self._compare(table, self._seen.get(table.spec.name, {}), since, loud)
                self._seen[table.spec.name] = dict(table.live)

    def _named_by_events(self, since: int) -> set[Place]:
        log = self.box.world.table("kommo", "events")
        fresh = [log.live[key].open() for key in log.live.keys() - self._seen.get("events", {})]
        return {
            (LISTS[event["entity_type"]], event["entity_id"])
            for event in fresh
            if event["type"].endswith(LOUD_EVENTS) and event["entity_type"] in LISTS
        }

    def _compare(
        self, table: Table, before: dict[Key, Record], since: int, loud: set[Place]
    ) -> None:
        for key, record in table.live.items():
            place = (table.spec.name, key)
            if before.get(key) is not record:
                told = record.facts.updated_at >= since or place in loud
                self._set(place, quiet=not told or self._is_hidden(place))
                self.told.discard(place)
                if record.open().get("is_deleted") is True:  # listed all the same (5.15)
                    self.ended.add(place)
        for key in before.keys() - table.live.keys():
            self._end(table, before[key])

    def _end(self, table: Table, record: Record) -> None:
        place = (table.spec.name, record.key)
        told = self._tells_of_end(table.spec.name, record) and not self._is_hidden(place)
        self.ended.add(place)
        self._set(place, quiet=not told)
        (self.told.add if told else self.told.discard)(place)
        if not told:
            self._shift(table.spec.name)

    def _shift(self, name: str) -> None:
        """Without a total and without a word: who is reading the list cannot know what moved up."""
        if name in self.under_way:
            live = self.box.world.table("kommo", name).live
            self.quiet |= {(name, key): time.time() for key in live}

    def _tells_of_end(self, name: str, record: Record) -> bool:
        if name in ONLY_ENDS_ARE_TOLD:
            return True
        parent, _, notes = name.partition("_notes")
        opened = record.open()
        common = not notes and name.endswith("_notes") and opened["note_type"] == "common"
        return common and not self._is_hidden((parent, opened["entity_id"]))

    def _set(self, place: Place, *, quiet: bool) -> None:
        self.quiet.pop(place, None)
        if quiet:
            self.quiet[place] = time.time()

    def _is_hidden(self, place: Place) -> bool:
        return place[1] in self.box.world.unseen.get(place[0], ())

    def note_hidden(self, place: Place) -> None:
        """Rights took a record away or gave it back: nobody tells of either."""
        self.ever_hidden.add(place)
        self._set(place, quiet=True)
        for name in (place[0], "events"):
            self._shift(name)

    def note_walked(self, names: set[str], started: float) -> None:
        """These lists were read in full by a walk that started then: older changes are known."""
        known = [p for p, at in self.quiet.items() if p[0] in names and at < started]
        for place in known:
            del self.quiet[place]
