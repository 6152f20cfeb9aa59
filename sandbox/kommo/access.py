"""What a token may see: plan, rights, scope, and records hidden by rights (kommo-api.md 3.1, 5, 9.20).

Everything here can be changed while running: the options `refused`, `token_is_admin`,
`customers_mode`, and the control call `hide`.
"""

from collections.abc import Sequence

from sandbox.kommo.problems import Problem, refused
from sandbox.records import Json, Key, Record, Table
from sandbox.world import World

ADMIN_ONLY = ("/users", "/roles", "/webhooks")
"""kommo-api.md 5.2, 5.3, 5.21."""
CUSTOMER_RECORDS = ("/customers", "/customers/notes", "/customers/links")
"""kommo-api.md 5.8 (I): refused while the account has no customers; definitions can be read."""
CUSTOMERS_ON = ("segments", "dynamic", "periodicity")
ENTITIES = {"leads": "lead", "contacts": "contact", "companies": "company", "customers": "customer"}
"""List -> how events call its records (5.11)."""


class Access:
    def __init__(self, world: World) -> None:
        self.world = world

    def check(self, path: str) -> None:
        """Refuse a path: 402 = plan, 403 = rights or scope."""
        options = self.world.options
        for prefix, status in options.refused.items():
            if path.startswith(prefix):
                raise refused(status)
        if not options.token_is_admin and path.startswith(ADMIN_ONLY):
            raise Problem(403, "Forbidden: admin rights are required")
        if options.customers_mode not in CUSTOMERS_ON and _of_customers(path):
            raise refused(402)

    def visible(self, table: Table, keys: Sequence[Key]) -> Sequence[Key]:
        """Without what rights hide: the records themselves, and events about them."""
        if not any(self.world.unseen.values()):
            return keys
        if table.spec.name == "events":
            return [key for key in keys if not self._about_hidden(table.live[key])]
        unseen = self.world.unseen.get(table.spec.name, set())
        return [key for key in keys if key not in unseen] if unseen else keys

    def sees(self, name: str, key: Key | None) -> bool:
        return key not in self.world.unseen.get(name, ())

    def _about_hidden(self, event: Record) -> bool:
        opened: Json = event.open()
        return any(
            opened.get("entity_type") == ENTITIES.get(name, name) and opened["entity_id"] in keys
            for name, keys in self.world.unseen.items()
        )


def hide(world: World, name: str, keys: Sequence[Key], hidden: bool) -> list[Key]:
    """Rights take records away from the token, or give them back; nobody is told."""
    with world.lock:
        table = world.table("kommo", name)
        for key in keys:
            if key not in table.live and key not in table.gone:
                raise KeyError(f"{table.spec.name} has no record {key}")
        unseen = world.unseen.setdefault(table.spec.name, set())
        if hidden:
            unseen.update(keys)
        else:
            unseen.difference_update(keys)
        world.changed()
        return sorted(unseen)


def _of_customers(path: str) -> bool:
    first, _, rest = path.removeprefix("/").partition("/")
    return path in CUSTOMER_RECORDS or (first == "customers" and rest[:1].isdecimal())
