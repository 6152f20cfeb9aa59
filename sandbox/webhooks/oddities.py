"""Bodies that are odd, documented as seen or to be expected, made of real records (kommo-api.md 6).

Each names what it is an example of; all are sent to every hook that is on, whatever it asked for.
"""

from collections.abc import Callable

from sandbox.records import Json, Key
from sandbox.webhooks import activity, entities
from sandbox.webhooks.body import body, entity
from sandbox.webhooks.codes import GROUPS
from sandbox.webhooks.courier import Courier
from sandbox.webhooks.digital_pipeline import event_body
from sandbox.webhooks.form import encode
from sandbox.webhooks.subscriptions import Subscriptions
from sandbox.world import World

ACCOUNT: Json = {"subdomain": "sandbox", "id": 31990001}
HOME: Json = {**ACCOUNT, "_links": {"self": "https://sandbox.kommo.com"}}
LEADS, CONTACTS, COMPANIES = GROUPS["/leads"], GROUPS["/contacts"], GROUPS["/companies"]
TASKS = GROUPS["/tasks"]
Odd = Callable[[list[Json]], bytes]
"""Records of one list -> a body."""


def collision(contacts: list[Json]) -> bytes:
    """6.2.3: one prefix as scalar and as map."""
    note: Json = {"id": 1, "element_id": contacts[0]["id"], "element_type": 1, "text": "oi"}
    plain = encode({"account": HOME, "contacts": {"note": [{"note": {**note, "type": 3}}]}})
    deeper = {"contacts": {"note": [{"note": {"type": {"message_uuid": "660b5b93-0000"}}}]}}
    return plain + b"&" + encode(deeper)


def delete_bare(contacts: list[Json]) -> bytes:
    """6.2.9: a delete without an index."""
    return encode(
        {"account": HOME, "contacts": {"delete": {"id": contacts[0]["id"], "type": "contact"}}}
    )


def delete_id(leads: list[Json]) -> bytes:
    """6.2.9: a bare id."""
    return encode({"account": HOME, "leads": {"delete": [lead["id"] for lead in leads]}})


def mixed(leads: list[Json]) -> bytes:
    """6.6: several groups and actions in one body."""
    update = [entity(LEADS, "update", lead, {}) for lead in leads]
    deleted = [entities.deleted(LEADS, lead) for lead in leads[1:2]]
    contacts = [item for lead in leads for item in lead["_embedded"]["contacts"]]
    gone = [{"id": item["id"], "type": "contact"} for item in contacts[:1]]
    groups = {"leads": {"update": update, "status": update[:1], "delete": deleted}}
    return encode({"account": HOME, **groups, "contacts": {"update": gone}})


def bulk(leads: list[Json]) -> bytes:
    """6.6: as many indices as records."""
    return body(LEADS, "update", [entity(LEADS, "update", lead, {}) for lead in leads])


def without_links(leads: list[Json]) -> bytes:
    """9.30: no account[_links]."""
    return encode(
        {"leads": {"update": [entity(LEADS, "update", leads[0], {})]}, "account": ACCOUNT}
    )


def amocrm_host(leads: list[Json]) -> bytes:
    """9.30: the account's address under the older domain."""
    account = {**ACCOUNT, "_links": {"self": "https://sandbox.amocrm.com"}}
    return encode(
        {"account": account, "leads": {"update": [entity(LEADS, "update", leads[0], {})]}}
    )


def other_account(leads: list[Json]) -> bytes:
    """9.30, 6.8: somebody else's account id."""
    account = {**HOME, "id": 99999999}
    return encode(
        {"account": account, "leads": {"update": [entity(LEADS, "update", leads[0], {})]}}
    )


def companies_group(companies: list[Json]) -> bytes:
    """6.4 (I): companies under their own name."""
    return encode(
        {"account": HOME, "companies": {"update": [entity(COMPANIES, "update", companies[0], {})]}}
    )


def company_without_type(companies: list[Json]) -> bytes:
    """9.35: among the contacts, and without `type`."""
    tree = entity(COMPANIES, "update", companies[0], {}) | {"type": None}
    return encode({"account": HOME, "contacts": {"update": [tree]}})


def task_wrapped_twice(tasks: list[Json]) -> bytes:
    """6.2.10: task.update doubly wrapped, and a date that is no number."""
    tree = activity.task(TASKS, tasks[0], {}, "update") | {"date_create": "17265663a90"}
    return encode({"account": HOME, "task": {"update": [[tree]]}})


def tasks_group(tasks: list[Json]) -> bytes:
    """6.4 (I): `tasks` for `task`."""
    return encode(
        {"account": HOME, "tasks": {"update": [activity.task(TASKS, tasks[0], {}, "update")]}}
    )


def unknown(leads: list[Json]) -> bytes:
    """6.2.7: a group, and an action, that nobody knows."""
    tree = {"future": {"add": [{"id": 1}]}, "leads": {"frozen": [{"id": leads[0]["id"]}]}}
    return encode({"account": HOME, **tree})


def template_review(_: list[Json]) -> bytes:
    """6.4: a top-level `add` map."""
    return encode({"account": HOME, "add": {"0": {"id": 5, "status": "approved"}}})


def nameless(leads: list[Json]) -> bytes:
    """9.40, 9.43: an empty name, a NUL in a tag, bytes that are no UTF-8."""
    tree = {"id": leads[0]["id"], "name": "", "tags": [{"id": 1, "name": "a\x00b"}]}
    return (
        encode({"account": HOME, "leads": {"update": [tree]}})
        + b"&leads%5Bupdate%5D%5B0%5D%5Bx%5D=%FF"
    )


def pipeline_event(leads: list[Json]) -> bytes:
    """6.9: a digital pipeline's event."""
    return event_body("mail_in", leads[0])


def pipeline_singular(leads: list[Json]) -> bytes:
    """6.9: under `lead`, as the page writes the frame."""
    return event_body("chat", leads[0], "lead")


KINDS: dict[str, tuple[str, Odd]] = {
    odd.__name__: (name, odd)
    for name, odds in {
        "leads": (delete_id, mixed, bulk, without_links, amocrm_host, other_account, unknown,
                  template_review, nameless, pipeline_event, pipeline_singular),
        "contacts": (collision, delete_bare),
        "companies": (companies_group, company_without_type),
        "tasks": (task_wrapped_twice, tasks_group),
    }.items()
    for odd in odds
}  # fmt: skip
"""Kind -> the list its records are of, and the body."""


def send_odd(
    world: World, subscriptions: Subscriptions, courier: Courier, kind: str, ids: list[Key]
) -> int:
    """How many deliveries were queued. Without ids the list's first five records are told of."""
    name, odd = KINDS[kind]
    with world.lock:
        table = world.table("kommo", name)
        records = [table.live[key].open() for key in ids or table.ids[:5]]
    hooks = [hook for hook in subscriptions.all() if not hook["disabled"]]
    for hook in hooks:
        courier.send(hook, odd(records))
    return len(hooks)
