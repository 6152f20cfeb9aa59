"""The part of the control API that only Kommo needs: rights, and what an account can do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.http import Request
from sandbox.kommo.access import hide
from sandbox.records import Json, key_of

if TYPE_CHECKING:
    from sandbox.box import Sandbox

KOMMO_HELP = {
    "POST /_sandbox/hide": '{"list","ids"}: rights hide records; absent, 204, without events',
    "POST /_sandbox/unhide": '{"list","ids"}',
}


def kommo_routes(box: "Sandbox") -> dict[str, Callable[[Request], Any]]:
    def veil(request: Request, hidden: bool) -> Json:
        body = request.json()
        keys = [key_of(value) for value in body.get("ids") or [body["id"]]]
        return {"unseen": hide(box.world, str(body["list"]), keys, hidden)}

    return {
        "POST /hide": lambda request: veil(request, hidden=True),
        "POST /unhide": lambda request: veil(request, hidden=False),
    }
