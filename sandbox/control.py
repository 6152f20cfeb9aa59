"""The control API under /_sandbox, on both ports: JSON, no credentials, loopback only."""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.gestao_click.control import ERP_HELP, erp_routes
from sandbox.http import Request, Response, json_response
from sandbox.kommo.account import settle
from sandbox.kommo.control import KOMMO_HELP, kommo_routes
from sandbox.kommo.rules import rules_for
from sandbox.kommo.views import view
from sandbox.records import Json, Key, Table, key_of
from sandbox.webhooks.storm import Storm

if TYPE_CHECKING:
    from sandbox.box import Sandbox

VENDORS = ("kommo", "gestao-click")
HELP = {
    "GET /_sandbox/world/{vendor}/{list}": "all records with every `with`; ?with= chooses",
    "POST /_sandbox/change": '{"vendor","list","id"|"ids","set","silent"?}',
    "POST /_sandbox/create": '{"vendor","list","set"?,"hidden"?,"silent"?}',
    "POST /_sandbox/delete": '{"vendor","list","id"|"ids","silent"?}',
    "POST /_sandbox/restore": '{"vendor","list","id"|"ids","silent"?}',
    "POST /_sandbox/merge": '{"vendor","list","winner","losers","silent"?}',
    "POST /_sandbox/raw": '{"vendor","list","record"}: plants a record as is',
    "POST /_sandbox/life": '{"rate"}: changes per second',
    "POST /_sandbox/churn": '{"changes","vendor"?}',
    "POST /_sandbox/webhooks/storm": '{"count","leads","double","shuffle","concurrency"}',
    "GET|POST|DELETE /_sandbox/faults": '[{"vendor","kind","path","times","probability","after"}]',
    "GET|DELETE /_sandbox/stats": "what arrived, what was delivered",
    "GET|POST /_sandbox/settings": "limits, latency, switches",
}


class Control:
    def __init__(self, box: "Sandbox") -> None:
        self.box = box
        self.routes: dict[str, Callable[[Request], Any]] = {
            "GET ": self.about,
            "POST /change": self.change,
            "POST /create": self.create,
            "POST /delete": self.delete,
            "POST /restore": self.restore,
            "POST /merge": self.merge,
            "POST /raw": self.raw,
            "POST /life": self.life,
            "POST /churn": self.churn,
            "POST /webhooks/storm": self.storm,
            "GET /faults": lambda _: box.faults.public(),
            "POST /faults": self.add_faults,
            "DELETE /faults": lambda _: box.faults.clear(),
            "GET /stats": lambda _: box.stats(),
            "DELETE /stats": lambda _: box.reset_stats(),
            "GET /settings": lambda _: box.options.public(),
            "POST /settings": self.settings,
            **erp_routes(box),
            **kommo_routes(box),
        }

    def __call__(self, request: Request) -> Response:
        path = request.path.removeprefix("/_sandbox").rstrip("/")
        try:
            return self._answer(request, path)
        except KeyError as missing:
            return json_response({"error": str(missing.args[0])}, 404)
        except (ValueError, TypeError) as wrong:
            return json_response({"error": str(wrong)}, 400)

    def _answer(self, request: Request, path: str) -> Response:
        if request.method == "GET" and path.startswith("/world/"):
            return self.world(request, path.removeprefix("/world/"))
        route = self.routes.get(f"{request.method} {path}")
        if route is None:
            raise KeyError(f"no {request.method} {request.path}; see GET /_sandbox")
        return json_response(route(request))

    def about(self, _: Request) -> Json:
        world = self.box.world
        return {
            "about": "Ponte sandbox: Kommo and Gestão Click in a box; all data is invented",
            **self.box.public(),
            "lists": {
                vendor: {t.spec.name: {"path": t.spec.path, "live": len(t.live),
                                       "deleted": len(t.gone)} for t in world.of(vendor)}
                for vendor in VENDORS
            },
            "control": HELP | ERP_HELP | KOMMO_HELP,
        }  # fmt: skip

    def world(self, request: Request, path: str) -> Response:
        """The truth: records as a client with all `with` (or those of ?with=) sees them."""
        vendor, _, name = path.partition("/")
        with self.box.world.lock:
            table = self.box.world.table(vendor, name)
            rows = [self._row(table, key, request) for key in table.ids]
            hidden = {str(k): r.hidden for k, r in table.live.items() if r.hidden}
            unseen = sorted(self.box.world.unseen.get(table.spec.name, ()))
            rest = {"deleted": sorted(table.gone), "hidden": hidden, "unseen": unseen}
        body = b'{"records":[%s],%s' % (b",".join(rows), orjson.dumps(rest)[1:])
        return Response(200, body, "application/json")

    def _row(self, table: Table, key: Key, request: Request) -> bytes:
        rules = rules_for(table.spec.path)
        asked = any(name == "with" for name, _ in request.pairs)
        if table.spec.vendor != "kommo" or not asked:
            return table.live[key].raw
        return view(table.live[key], rules, request.one("with").split(","))

    def change(self, request: Request) -> Json:
        call = Call(self.box, request)
        return {"records": call.actions.change(call.name, call.keys, call.get("set"), call.silent)}

    def create(self, request: Request) -> Json:
        call = Call(self.box, request)
        fields = call.body.get("set") or call.body.get("record") or {}
        more = {"hidden": call.body["hidden"]} if "hidden" in call.body else {}
        record = call.actions.create(call.name, fields, call.silent, **more)
        return {"id": record.get("id"), "record": record}

    def delete(self, request: Request) -> Json:
        call = Call(self.box, request)
        return {"records": call.actions.delete(call.name, call.keys, call.silent)}

    def restore(self, request: Request) -> Json:
        call = Call(self.box, request)
        return {"records": call.actions.restore(call.name, call.keys, call.silent)}

    def merge(self, request: Request) -> Json:
        call = Call(self.box, request)
        losers = [key_of(key) for key in call.get("losers")]
        winner = key_of(call.get("winner"))
        return {"record": call.actions.merge(call.name, winner, losers, call.silent)}

    def raw(self, request: Request) -> Json:
        call = Call(self.box, request)
        return {"key": self.box.plant(call.vendor, call.name, call.get("record"), call.hidden)}

    def life(self, request: Request) -> Json:
        self.box.life.set_rate(float(request.json().get("rate", 0)))
        return {"rate": self.box.options.life}

    def churn(self, request: Request) -> Json:
        body = request.json()
        vendor = body.get("vendor")
        if vendor not in (None, *VENDORS):
            raise ValueError(f"unknown vendor {vendor!r}")
        return {"changes": self.box.life.run(int(body.get("changes", 100)), vendor)}

    def storm(self, request: Request) -> Json:
        body = request.json()
        known = {spec.name for spec in fields(Storm)}
        if extra := body.keys() - known:
            raise ValueError(f"unknown: {', '.join(sorted(extra))}")
        return self.box.storm(Storm(**body))

    def add_faults(self, request: Request) -> list[Json]:
        body = request.json()
        for wanted in body if isinstance(body, list) else [body]:
            self.box.faults.add(wanted)
        return self.box.faults.public()

    def settings(self, request: Request) -> Json:
        wanted = request.json()
        self.box.options.change(wanted)
        settle(self.box.world)
        if "life" in wanted:
            self.box.life.set_rate(self.box.options.life)
        return self.box.options.public()


class Call:
    """A control call on a list: whose, which, which records, quietly or not."""

    def __init__(self, box: "Sandbox", request: Request) -> None:
        self.body: Json = request.json()
        self.vendor = str(self.body.get("vendor", "gestao-click"))
        self.name = str(self.get("list"))
        self.silent = bool(self.body.get("silent", False))
        self.hidden: Json | None = self.body.get("hidden")
        if self.vendor not in VENDORS:
            raise ValueError(f"unknown vendor {self.vendor!r}: one of {', '.join(VENDORS)}")
        self.actions: Any = box.kommo if self.vendor == "kommo" else box.gestao_click

    @property
    def keys(self) -> list[Key]:
        ids = self.body.get("ids") or [self.get("id")]
        return [key_of(value) for value in ids]

    def get(self, name: str) -> Any:
        if name not in self.body:
            raise ValueError(f"{name!r} is missing")
        return self.body[name]
