"""Connections to vendors lead to public addresses: whoever has the name server in hand reaches nobody inside.

The certificate would be wrong there and no token would leave; but neither is a stranger's connection
opened to a machine that trusts its neighbours.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPSConnection

from shared.errors import VendorUnavailable
from shared.settings import is_loopback


class _Connection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        """Looks where it leads before a byte is sent; a loopback address was given as one."""
        made = super()._new_conn()
        reached = ipaddress.ip_address(str(made.getpeername()[0]).partition("%")[0])
        reached = getattr(reached, "ipv4_mapped", None) or reached
        if reached.is_global or is_loopback(self.host):
            return made
        made.close()
        what = f"{self.host} leads to {reached}, which is no public address; nothing was sent"
        raise VendorUnavailable("the vendor", what)


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


class PublicOnly(HTTPAdapter):
    """Of a session of requests."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        classes = {"http": HTTPConnectionPool, "https": _Pool}
        self.poolmanager.pool_classes_by_scheme = classes
