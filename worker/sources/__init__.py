"""The vendors: the protocol that the engine knows, and what speaks it."""
