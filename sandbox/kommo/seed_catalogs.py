"""Products and customers of the seeded world; every so many leads have a product linked."""

from sandbox.kommo import blank
from sandbox.kommo.linking import link
from sandbox.kommo.samples import FIRST_ELEMENT, PRODUCTS, choice, field, plain
from sandbox.people import person
from sandbox.records import Json
from sandbox.world import World

FIRST_CUSTOMER = 61000001
ELEMENTS = f"catalogs/{PRODUCTS}/elements"
DAY = 86400


def elements_of(leads: int) -> int:
    """How many products a world of so many leads has."""
    return leads // 5


def element_of(number: int, leads: int) -> int | None:
    """The product linked to the lead of a number."""
    count = elements_of(leads)
    return FIRST_ELEMENT + number % count if count and number % 6 == 2 else None


def seed_catalogs(world: World, leads: int) -> None:
    if world.at("kommo", f"/{ELEMENTS}") is None:
        return
    table = world.table("kommo", ELEMENTS)
    since = int(world.started_at) - world.options.months * 30 * DAY
    table.fill(table.make(product(number, since)) for number in range(elements_of(leads)))


def product(number: int, since: int) -> Json:
    values = [
        plain(1500001, "SKU", "text", f"SKU-{number:05d}", "SKU"),
        plain(1500002, "Price", "price", f"{number % 900 + 9}.9", "PRICE"),
    ]
    if number % 4 == 0:
        values.append(plain(1500004, "Peso", "numeric", number % 50 / 10))
    if number % 3 == 0:
        group = [{"value": "Roupas", "enum_id": 5555}]
        values.append(field(1500003, "Group", "category", group, "GROUP"))
    return blank.element(
        PRODUCTS,
        FIRST_ELEMENT + number,
        since,
        since + number,
        name=f"Produto {number}",
        is_deleted=None if number % 2 else False,
        custom_fields_values=None if number % 17 == 5 else values,
    )


def seed_customers(world: World, leads: int) -> None:
    if not world.has("kommo", "customers"):
        return
    table, contacts = world.table("kommo", "customers"), world.table("kommo", "contacts").ids
    since = int(world.started_at) - world.options.months * 30 * DAY
    table.fill(
        table.make(customer(number, since, contacts[number % len(contacts)]))
        for number in range(leads // 20 if contacts else 0)
    )


def customer(number: int, since: int, contact: int) -> Json:
    made = blank.customer(FIRST_CUSTOMER + number, since, since + number, name=person(number).name)
    made["_embedded"]["contacts"] = [link("contacts", contact, is_main=True)]
    if number % 3:
        plan = choice(1600001, "Plano", "select", ("Mensal", 910101))
        made["custom_fields_values"] = [plan]
    return made
