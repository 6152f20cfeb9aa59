"""The part of the control API that only Kommo needs: rights, and what an account can do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.http import Request
from sandbox.kommo.access import hide
from sandbox.kommo.acts import described
from sandbox.records import Json, key_of

if TYPE_CHECKING:
    from sandbox.box import Sandbox

KOMMO_HELP = {
    "POST /_sandbox/hide": '{"list","ids"}: rights hide records; absent, 204, without events',
    "POST /_sandbox/unhide": '{"list","ids"}',
    "GET /_sandbox/actions": "everything that can happen, by name",
    "POST /_sandbox/act": '{"action","ids"?,"set"?,"silent"?,"by"?,"late"?}: ids are drawn if not given',
    "POST /_sandbox/walk": '{"steps","actions"?,"seed"?}: so many at random',
}


def kommo_routes(box: "Sandbox") -> dict[str, Callable[[Request], Any]]:
    def veil(request: Request, hidden: bool) -> Json:
        body = request.json()
        keys = [key_of(value) for value in _ids(body)]
        return {"unseen": hide(box.world, str(body["list"]), keys, hidden)}

    def act(request: Request) -> Json:
        body = request.json()
        name, ids = str(body["action"]), [key_of(v) for v in _ids(body)]
        more = {key: body[key] for key in ("silent", "by", "late") if key in body}
        return {"action": name, "did": box.acts.do(name, ids, body.get("set"), **more)}

    def walk(request: Request) -> Json:
        body = request.json()
        steps, names = int(body.get("steps", 1)), body.get("actions") or ()
        return {"steps": box.acts.walk(steps, names, body.get("seed"))}

    return {
        "GET /actions": lambda _: described(),
        "POST /act": act,
        "POST /walk": walk,
        "POST /hide": lambda request: veil(request, hidden=True),
        "POST /unhide": lambda request: veil(request, hidden=False),
    }


def _ids(body: Json) -> list[Any]:
    """`ids`, or one `id`, or none."""
    return list(body.get("ids") or ([body["id"]] if "id" in body else []))
