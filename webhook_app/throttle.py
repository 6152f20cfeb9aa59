"""Who guesses login links waits: counted in PostgreSQL, by address and overall, for all web processes.

Nobody is locked out: a link that was made here is told from a made-up one by its mark (shared/tokens.py) and
never waits.
"""

from __future__ import annotations

import ipaddress

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.db.bookkeeping import wrong_logins as table

PER_ADDRESS, OVERALL = 10, 100
"""Wrong links a minute."""
THIS_MINUTE = func.date_trunc("minute", func.clock_timestamp())


def place(address: str | None) -> str:
    """Where somebody comes from; of IPv6 the network, of which everybody has all addresses."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(found if found.version == 4 else ipaddress.ip_network(f"{found}/64", strict=False))


def wait(connection: Connection, address: str) -> int:
    """Seconds until another guess from there is looked at; 0: it may be now."""
    chosen = select(
        func.coalesce(func.sum(table.c.times), 0),
        func.coalesce(func.sum(table.c.times).filter(table.c.address == address), 0),
        60 - func.date_part("second", func.clock_timestamp()),
    ).where(table.c.minute == THIS_MINUTE)
    overall, own, left = connection.execute(chosen).one()
    return 1 + int(left) if own >= PER_ADDRESS or overall >= OVERALL else 0


def note(connection: Connection, address: str) -> None:
    """Counts a wrong link; what is older than some minutes is forgotten."""
    old = func.clock_timestamp() - text("interval '5 minutes'")
    connection.execute(delete(table).where(table.c.minute < old))
    row = insert(table).values(address=address, minute=THIS_MINUTE, times=1)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["address", "minute"], set_={"times": table.c.times + 1}
        )
    )
