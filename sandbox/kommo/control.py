"""The part of the control API that only Kommo needs: rights, and what an account can do."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.http import Request
from sandbox.kommo.access import hide
from sandbox.kommo.acts import described
from sandbox.records import Json, key_of
from sandbox.tokens import SCOPES
from sandbox.webhooks.oddities import KINDS, send_odd

if TYPE_CHECKING:
    from sandbox.box import Sandbox

KOMMO_HELP = {
    "POST /_sandbox/tokens": '{"seconds"?,"scopes"?}: one more long-lived token',
    "POST /_sandbox/tokens/revoke": '{"token"?}: one, or all, OAuth pairs too',
    "POST /_sandbox/tokens/expire": '{"token"?}: access tokens only',
    "POST /_sandbox/tokens/revive": "long-lived tokens work again",
    "POST /_sandbox/account/rename": '{"subdomain","answer"?: 401, 404 or 302 at the old address}',
    "POST /_sandbox/hide": '{"list","ids"}: rights hide records; absent, 204, without events',
    "POST /_sandbox/unhide": '{"list","ids"}',
    "GET /_sandbox/actions": "everything that can happen, by name",
    "POST /_sandbox/act": '{"action","ids"?,"set"?,"silent"?,"by"?,"late"?,"visible_after"?}: ids are drawn if not given',
    "GET /_sandbox/webhooks/odd": "bodies of odd shape, by kind",
    "POST /_sandbox/webhooks/odd": '{"kind","ids"?}: to every hook that is on',
    "POST /_sandbox/commit": "what an act with `visible_after` held back becomes visible",
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
        more = {key: body[key] for key in ("silent", "by", "late", "visible_after") if key in body}
        return {"action": name, "did": box.acts.do(name, ids, body.get("set"), **more)}

    def walk(request: Request) -> Json:
        body = request.json()
        steps, names = int(body.get("steps", 1)), body.get("actions") or ()
        return {"steps": box.acts.walk(steps, names, body.get("seed"))}

    def odd(request: Request) -> Json:
        body = request.json()
        kind, ids = str(body["kind"]), [key_of(v) for v in _ids(body)]
        return {"sent": send_odd(box.world, box.subscriptions, box.courier, kind, ids)}

    def new_token(request: Request) -> Json:
        body = request.json()
        scopes = body.get("scopes") or SCOPES
        return {"token": box.grants.long_lived(float(body.get("seconds", 86400)), scopes)}

    def rename(request: Request) -> Json:
        body = request.json()
        return {"kommo_url": box.rename(str(body["subdomain"]), int(body.get("answer", 401)))}

    return {
        "POST /tokens": new_token,
        "POST /tokens/revoke": lambda request: {"ended": box.grants.revoke(_token(request))},
        "POST /tokens/expire": lambda request: {"ended": box.grants.expire(_token(request))},
        "POST /tokens/revive": lambda _: box.grants.revive(),
        "POST /account/rename": rename,
        "GET /webhooks/odd": lambda _: {
            kind: (odd.__doc__ or "") for kind, (_, odd) in KINDS.items()
        },
        "POST /webhooks/odd": odd,
        "GET /actions": lambda _: described(),
        "POST /act": act,
        "POST /walk": walk,
        "POST /commit": lambda _: {"visible": box.acts.held.release()},
        "POST /hide": lambda request: veil(request, hidden=True),
        "POST /unhide": lambda request: veil(request, hidden=False),
    }


def _token(request: Request) -> str:
    """One token; "" = all."""
    return str(request.json().get("token", ""))


def _ids(body: Json) -> list[Any]:
    """`ids`, or one `id`, or none."""
    return list(body.get("ids") or ([body["id"]] if "id" in body else []))
