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
NOW = func.clock_timestamp()
A_MINUTE, KEPT = text("interval '1 minute'"), text("interval '5 minutes'")


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
        func.extract("epoch", func.min(table.c.at) + A_MINUTE - NOW),
    ).where(table.c.at > NOW - A_MINUTE)
    overall, own, left = connection.execute(chosen).one()
    return 1 + int(left) if own >= PER_ADDRESS or overall >= OVERALL else 0


def note(connection: Connection, address: str) -> None:
    """Counts a wrong link; what is older than some minutes is forgotten."""
    connection.execute(delete(table).where(table.c.at < NOW - KEPT))
    row = insert(table).values(address=address, at=func.date_trunc("second", NOW), times=1)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["address", "at"], set_={"times": table.c.times + 1}
        )
    )
