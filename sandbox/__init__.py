"""Both vendors in a box: a simulator of Kommo and Gestão Click on loopback. Invented data only."""

from sandbox.box import Sandbox

__all__ = ["Sandbox"]
