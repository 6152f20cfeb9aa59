"""Event codes and groups: the tables of kommo-api.md 6.3 and 6.4."""

from dataclasses import dataclass

from sandbox.records import ListSpec


@dataclass(frozen=True)
class Group:
    group: str
    """Top-level key of the body."""
    noun: str
    """Second half of the event codes: add_lead, update_lead, ..."""
    kind: str = ""
    """Value of the `type` field; tells companies from contacts."""
    actions: frozenset[str] = frozenset({"add", "update", "delete"})
    alias: str = ""
    """Another noun that codes are known by."""

    def codes(self, action: str) -> frozenset[str]:
        """All event codes of an action."""
        return frozenset(f"{action}_{noun}" for noun in (self.noun, self.alias) if noun)


FULL = frozenset({"add", "update", "delete", "restore", "responsible", "note"})

GROUPS = {
    "/leads": Group("leads", "lead", actions=FULL | {"status"}),
    "/contacts": Group("contacts", "contact", "contact", FULL),
    "/companies": Group("contacts", "company", "company", FULL),
    "/tasks": Group("task", "task", actions=frozenset({"add", "update", "delete", "responsible"})),
    "/customers": Group("customers", "customer", actions=FULL - {"restore"}),
    "/leads/unsorted": Group("unsorted", "unsorted"),
    "/talks": Group("talk", "talk", actions=frozenset({"add", "update"})),
}

MESSAGE = Group("message", "message", actions=frozenset({"add"}))
OUTGOING = Group("outgoing_message", "outgoing_message", actions=frozenset({"add"}))

OTHER_CODES = frozenset({"add_message", "add_outgoing_message", "add_chat_template_review"})

CODES = OTHER_CODES | {f"{a}_{g.noun}" for g in GROUPS.values() for a in g.actions}


def group_of(spec: ListSpec) -> Group | None:
    """The webhook group of a list; a fixture may declare one of its own.

    6.3 (?): the codes of a catalog's elements are a guess: add_catalog, add_catalog_9001.
    """
    declared = spec.options.get("webhook")
    if isinstance(declared, dict):
        group = str(declared.get("group") or spec.name)
        return Group(group, str(declared.get("noun") or group), str(declared.get("type") or ""))
    if spec.path.startswith("/catalogs/") and spec.path.endswith("/elements"):
        alias = f"catalog_{spec.path.split('/')[2]}"
        return Group("catalogs", "catalog", "catalog", alias=alias)
    return GROUPS.get(spec.path)
