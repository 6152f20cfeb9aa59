"""The account's own record says what the options say of it (kommo-api.md 5.1)."""

from sandbox.records import Json
from sandbox.world import World


def settle(world: World) -> None:
    """Write id, subdomain and `customers_mode` into the account's record, if it says otherwise."""
    if not world.has("kommo", "account"):
        return
    with world.lock:
        table = world.table("kommo", "account")
        key, options = table.ids[0], world.options
        record = table.live[key].open()
        shown: Json = {
            "id": options.account_id,
            "subdomain": options.subdomain,
            "customers_mode": options.customers_mode,
        }
        if any(record.get(name) != value for name, value in shown.items()):
            table.drop(key)
            table.put(table.make(record | shown))
            world.changed()
