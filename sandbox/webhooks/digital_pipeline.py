"""The digital pipeline's "send webhook": minimal bodies to an address of its own (kommo-api.md 6.9)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sandbox.records import Json
from sandbox.webhooks.form import encode

if TYPE_CHECKING:
    from sandbox.webhooks.notifier import Change

ACCOUNT = {"id": 31990001, "subdomain": "sandbox"}
EVENTS = ("mail_in", "call_in", "chat", "site_visit")


def stage_bodies(changes: "Iterable[Change]") -> Iterable[bytes]:
    """One body for each lead: no bulk here."""
    for change in changes:
        lead = change.record
        tree = stage(lead) | {
            "old_status_id": change.old.get("status_id", lead["status_id"]),
            "old_pipeline_id": change.old.get("pipeline_id", lead["pipeline_id"]),
        }
        yield encode({"leads": {"status": [tree]}, "account": ACCOUNT})


def event_body(event: str, lead: Json, group: str = "leads") -> bytes:
    """`group` may be "lead": the page writes the frame so."""
    return encode({group: {event: [stage(lead)]}, "account": ACCOUNT})


def stage(lead: Json) -> Json:
    return {name: lead[name] for name in ("id", "status_id", "pipeline_id")}
