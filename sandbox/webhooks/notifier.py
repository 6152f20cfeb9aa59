"""Tells the subscribers of a change: which codes, which actions, one body or several (6.4, 6.6)."""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from sandbox.records import Json, ListSpec
from sandbox.webhooks.body import body, entity
from sandbox.webhooks.codes import Group, group_of
from sandbox.webhooks.courier import Courier
from sandbox.webhooks.subscriptions import Subscriptions
from sandbox.world import World


@dataclass(frozen=True)
class Change:
    record: Json
    old: Json
    """Former values of status_id, pipeline_id and responsible_user_id, if they changed."""


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
            sent += self._send(group, message, changes)
        return sent

    def _messages(self, group: Group, action: str, old: set[str]) -> Iterable[Message]:
        code = f"{action}_{group.noun}"
        if action != "update":
            return [Message(frozenset({code}), action)]
        if group.noun == "lead":
            return self._lead_messages(old)
        codes = {code}
        if "responsible_user_id" in old:
            codes.add(f"responsible_{group.noun}")
        return [Message(frozenset(codes), action)]

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

    def _send(self, group: Group, message: Message, changes: list[Change]) -> int:
        wanting = {s["id"]: s for code in message.codes for s in self.subscriptions.wanting(code)}
        if not wanting:
            return 0
        entities = [entity(group, message.action, c.record, c.old) for c in changes]
        encoded = body(group, message.action, entities, self._rng.random() < 0.5)
        return sum(self._deliver(subscription, encoded) for subscription in wanting.values())

    def _deliver(self, subscription: Json, encoded: bytes) -> int:
        options = self.world.options
        if self._rng.random() < options.webhook_lost:
            self.courier.note("lost")
            return 0
        copies = 2 if self._rng.random() < options.webhook_twice else 1
        for _ in range(copies):
            self.courier.send(subscription, encoded)
        return copies
