"""Tells the subscribers of a change: which codes, which actions, one body or several (6.4, 6.6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from sandbox.records import Json, ListSpec
from sandbox.webhooks.activity import note
from sandbox.webhooks.body import body, entity
from sandbox.webhooks.codes import GROUPS, Group, group_of
from sandbox.webhooks.courier import Courier
from sandbox.webhooks.digital_pipeline import stage_bodies
from sandbox.webhooks.subscriptions import Subscriptions
from sandbox.world import World


@dataclass(frozen=True)
class Change:
    record: Json
    old: Json
    """Former values of what webhooks name: status_id, pipeline_id, responsible_user_id, text."""


@dataclass(frozen=True)
class Message:
    """One body for whoever subscribed to one of `codes`."""

    codes: frozenset[str]
    action: str


class Notifier:
    def __init__(self, world: World, subscriptions: Subscriptions, courier: Courier) -> None:
        self.world = world
        self.subscriptions = subscriptions
        self.courier = courier
        self._rng = Random(world.options.seed)

    def tell(self, spec: ListSpec, action: str, changes: list[Change]) -> int:
        """Send what this list's subscribers want of it; several changes make one body each."""
        group = group_of(spec)
        if group is None or not changes:
            return 0
        old = {name for change in changes for name in change.old}
        sent = 0
        for message in self._messages(group, action, old):
            trees = [entity(group, message.action, c.record, c.old) for c in changes]
            sent += self.send(group, message.codes, message.action, trees)
        if group.group == "leads" and old & {"status_id", "pipeline_id"}:
            self._digital_pipeline(changes)
        return sent

    def tell_note(self, parent: str, record: Json) -> int:
        """6.5: a note travels in its parent's group; one with a file sends two webhooks."""
        group = GROUPS[f"/{parent}"]
        copies = 2 if record["note_type"] == "attachment" else 1
        tree, codes = note(group, parent, record), frozenset({f"note_{group.noun}"})
        return sum(self.send(group, codes, "note", [tree]) for _ in range(copies))

    def send(self, group: Group, codes: frozenset[str], action: str, trees: list[Json]) -> int:
        """One body to everybody who subscribed to one of the codes."""
        encoded = body(group, action, trees, self._rng.random() < 0.5)
        return self.post(codes, encoded)

    def post(self, codes: Iterable[str], encoded: bytes) -> int:
        wanting = {s["id"]: s for code in codes for s in self.subscriptions.wanting(code)}
        return sum(self._deliver(subscription, encoded) for subscription in wanting.values())

    def _messages(self, group: Group, action: str, old: set[str]) -> Iterable[Message]:
        if action == "update" and group.noun == "lead":
            return self._lead_messages(old)
        codes = group.codes(action)
        if action == "update" and "responsible_user_id" in old:
            codes |= {f"responsible_{group.noun}"}
        return [Message(codes, action)]

    def _lead_messages(self, old: set[str]) -> Iterable[Message]:
        """6.6: a stage change sends `status`, `update` or both; so does a new responsible."""
        stage = self.world.options.stage_change if old & {"status_id", "pipeline_id"} else ""
        messages = []
        if stage in ("both", "status"):
            messages.append(Message(frozenset({"status_lead"}), "status"))
        if "responsible_user_id" in old:
            messages.append(Message(frozenset({"responsible_lead"}), "responsible"))
        if stage != "status":
            messages.append(Message(frozenset({"update_lead"}), "update"))
        return messages

    def _digital_pipeline(self, changes: list[Change]) -> None:
        destination = self.world.options.digital_pipeline_url
        for encoded in stage_bodies(changes) if destination else ():
            self._deliver({"id": 0, "destination": destination}, encoded)

    def _deliver(self, subscription: Json, encoded: bytes) -> int:
        options = self.world.options
        if self._rng.random() < options.webhook_lost:
            self.courier.note("lost")
            return 0
        copies = 2 if self._rng.random() < options.webhook_twice else 1
        for _ in range(copies):
            jitter = self._rng.uniform(0, options.webhook_jitter_ms) / 1000
            self.courier.send(subscription, encoded, later=jitter)
        return copies
