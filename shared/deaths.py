"""Work that kills its worker (a segfault, memory used up): no exception tells of it, the books do.

A lease that ran out while its owner still stood in the row is a death. Who takes such work over counts it;
after the third it is parked with its reason, and everything else goes on.
"""

MOST = 3


def told(what: str) -> str:
    """The reason with which work is parked: `its worker died 3 times over this delivery`."""
    return f"its worker died {MOST} times over {what}"
