"""What people do in Kommo: edit, create, delete, restore, merge. Each bumps, logs, notifies."""

from copy import deepcopy

from sandbox.kommo.definitions import aligned
from sandbox.kommo.events import EventLog
from sandbox.kommo.linking import PARTNERS, linked, linked_to, relink
from sandbox.kommo.merging import absorbed, adopt
from sandbox.kommo.newborn import newborn
from sandbox.patch import patched
from sandbox.records import Json, Key, Record, Table
from sandbox.webhooks.notifier import Change, Notifier
from sandbox.world import World

CLOSED = (142, 143)
WATCHED = ("status_id", "pipeline_id", "responsible_user_id", "text")


class KommoActions:
    """Every method takes a list name and ids, and `silent` (no webhook is sent)."""

    def __init__(self, world: World, notifier: Notifier) -> None:
        self.world = world
        self.notifier = notifier
        self.events = EventLog(world)

    def change(
        self, name: str, keys: list[Key], fields: Json, silent: bool = False, bump: bool = True
    ) -> list[Json]:
        """Set fields; several ids are a bulk edit: one webhook body (kommo-api.md 6.6).

        `bump`: whether `updated_at` and `updated_by` move.
        """
        if not keys:
            return []
        with self.world.lock:
            table = self.world.table("kommo", name)
            changes = [self._change(table, key, fields, bump) for key in keys]
        self._tell(table, "update", changes, silent)
        return [change.record for change in changes]

    def create(self, name: str, fields: Json, silent: bool = False) -> Json:
        with self.world.lock:
            table = self.world.table("kommo", name)
            record = patched(newborn(self.world, table), fields)
            made = table.make(record)
            table.put(made)
            relink(self.world, table.spec.name, made.key, {}, record)
            self.events.write(table.spec.name, made.key, "{}_added")
            self.events.write_links(table.spec.name, made.key, {}, record)
            self.world.changed()
        self._tell(table, "add", [Change(record, {})], silent)
        return record

    def delete(self, name: str, keys: list[Key], silent: bool = False) -> list[Json]:
        with self.world.lock:
            table = self.world.table("kommo", name)
            changes = [Change(self._bury(table, key), {}) for key in keys]
            for key in keys:
                self.events.write(table.spec.name, key, "{}_deleted")
        self._tell(table, "delete", changes, silent)
        return [change.record for change in changes]

    def restore(self, name: str, keys: list[Key], silent: bool = False) -> list[Json]:
        with self.world.lock:
            table = self.world.table("kommo", name)
            changes = [Change(self._restore(table, key), {}) for key in keys]
        self._tell(table, "restore", changes, silent)
        return [change.record for change in changes]

    def merge(self, name: str, winner: Key, losers: list[Key], silent: bool = False) -> Json:
        """kommo-api.md 4.4: `update` of the winner, `delete` of the losers, entity_merged."""
        with self.world.lock:
            table = self.world.table("kommo", name)
            gone = [self._absorb(table, winner, loser) for loser in losers]
            change = self._change(table, winner, {})
            before: list[Json] = [{"entity": {"id": loser}} for loser in losers]
            self.events.write(table.spec.name, winner, "entity_merged", before=before)
        self._tell(table, "update", [change], silent)
        self._tell(table, "delete", gone, silent)
        return change.record

    def _tell(self, table: Table, action: str, changes: list[Change], silent: bool) -> None:
        if not silent:
            self.notifier.tell(table.spec, action, changes)

    def _change(self, table: Table, key: Key, fields: Json, bump: bool = True) -> Change:
        before = _live(table, key).open()
        after = patched(before, fields)
        if bump:
            _stamp(self.world, after)
        if table.spec.name == "leads" and "closed_at" not in fields:
            _close(before, after)
        self._store(table, key, before, after)
        self.events.write_differences(table.spec.name, key, before, after)
        old = {f: before[f] for f in WATCHED if f in before and before[f] != after[f]}
        return Change(after, old)

    def _store(self, table: Table, key: Key, before: Json, after: Json) -> None:
        table.put(table.make(after))
        relink(self.world, table.spec.name, key, before, after)
        self.world.changed()

    def _bury(self, table: Table, key: Key) -> Json:
        """Into the trash: gone from lists and from what embeds it; its own links are kept."""
        record = _live(table, key).open()
        _stamp(self.world, record)
        if "is_deleted" in record and table.spec.path.endswith("/elements"):
            record["is_deleted"] = True
            if self.world.options.deleted_elements_listed:
                self._store(table, key, record, record)
                return record
        relink(self.world, table.spec.name, key, record, {})
        table.bury(table.make(record))
        self.world.changed()
        return record

    def _restore(self, table: Table, key: Key) -> Json:
        if key not in table.gone:
            raise KeyError(f"{table.spec.name} {key} is not in the trash")
        record = table.unbury(key).open()
        _stamp(self.world, record)
        for partner in PARTNERS.get(table.spec.name, ()):
            keys = [k for k in linked(record, partner) if self._free(table, partner, k)]
            record["_embedded"][partner] = linked_to(record, table.spec.name, partner, keys)
        if fields := record.get("custom_fields_values"):
            record["custom_fields_values"] = aligned(self.world, table.spec.name, fields)
        self._store(table, key, {}, record)
        self.events.write(table.spec.name, key, "{}_restored")
        return record

    def _free(self, table: Table, partner: str, key: Key) -> bool:
        """Whether a restored record may be linked again: 0..1 companies each (5.5, 5.6)."""
        record = self.world.table("kommo", partner).live.get(key)
        if record is None:
            return False
        return table.spec.name != "companies" or not linked(record.open(), "companies")

    def _absorb(self, table: Table, winner: Key, loser: Key) -> Change:
        """The winner gets the loser's fields, links, notes and tasks; the loser goes."""
        lost = _live(table, loser).open()
        self._bury(table, loser)
        kept = _live(table, winner).open()
        self._store(table, winner, kept, absorbed(table.spec.name, deepcopy(kept), lost))
        adopt(self.world, table.spec.name, winner, loser)
        if self.world.options.merge_losers == "vanish":
            del table.gone[loser]
        else:
            self.events.write(table.spec.name, loser, "{}_deleted")
        return Change(lost, {})


def _live(table: Table, key: Key) -> Record:
    if key not in table.live:
        raise KeyError(f"{table.spec.name} has no live record {key}")
    return table.live[key]


def _stamp(world: World, record: Json) -> None:
    """Every change moves `updated_at`, by whole seconds (kommo-api.md 9.4)."""
    if "updated_at" in record:
        record["updated_at"] = max(world.now(), record["updated_at"] or 0)
    if "updated_by" in record:
        record["updated_by"] = world.actor


def _close(before: Json, after: Json) -> None:
    """kommo-api.md 5.5: closed_at is set in 142/143 and null again after re-opening."""
    if after["status_id"] == before["status_id"]:
        return
    after["closed_at"] = after["updated_at"] if after["status_id"] in CLOSED else None
    if after["status_id"] != 143:
        after["loss_reason_id"] = None
        after["_embedded"]["loss_reason"] = []
