"""Words that Kommo's declarations share: orders, cursors, looks by id, and what refers to what."""

from __future__ import annotations

from shared.resources.filters import HasValue, Linked, Tagged
from shared.resources.grammar import About, ById, Carries, Embeds, Refers, Since

BY_ID = {"order[id]": "asc"}
UPDATED = Since("updated_at", "updated_at")
MANY = ById("filter[id][]", most=250)
ENTITIES = ("leads", "contacts", "companies", "customers")

RESPONSIBLE = Refers("responsible", "kommo.users", ("responsible_user_id",))
AUTHOR = Refers("author", "kommo.users", ("created_by",))
COMPANY = Refers("company", "kommo.companies", ("company_id",))
CONTACT = Refers("contact", "kommo.contacts", ("contact_id",))
PIPELINE = Refers("pipeline", "kommo.pipelines", ("pipeline_id",))
ITS_CONTACTS, ITS_LEADS = Embeds("contacts", "kommo.contacts"), Embeds("leads", "kommo.leads")
AS_SENT = (Carries("tags"), Carries("catalog_elements"))
BY_CONTACT, BY_LEAD = Linked("contact_id", "contacts"), Linked("lead_id", "leads")
BY_CONTENT = (Tagged(), HasValue())


def about(**words: str) -> tuple[About, ...]:
    """Whose something is that names its entity by a word and an id: `about(contacts="contact")`."""
    return tuple(
        About(f"kommo.{name}", "entity_id", {"entity_type": word}) for name, word in words.items()
    )


OF_ITS_ENTITY = about(**{name: name for name in ENTITIES})
