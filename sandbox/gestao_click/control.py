"""The part of the control API that only the ERP needs: its clock, business days, books."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.gestao_click.acts import described
from sandbox.gestao_click.clock import clock_of, move_clock
from sandbox.http import Request
from sandbox.records import Json, key_of

if TYPE_CHECKING:
    from sandbox.box import Sandbox

ERP_HELP = {
    "GET /_sandbox/clock": "what time it is in the sandbox",
    "POST /_sandbox/clock": '{"ahead"} or {"advance"} seconds, or {"at"}: epoch or local time',
    "GET /_sandbox/trade": "everything that can happen in the ERP, by name",
    "POST /_sandbox/trade": '{"days"?,"moments"?,"of"?,"advance"?} or {"act","id"?,"list"?}',
    "GET /_sandbox/books": "the shop's own books, in cents",
    "POST /_sandbox/pay": '{"list","id","day"?}: a title of Gestão Click',
}


def erp_routes(box: "Sandbox") -> dict[str, Callable[[Request], Any]]:
    def clock(request: Request) -> Json:
        move_clock(box.world, request.json())
        return clock_of(box.world)

    def trade(request: Request) -> Json:
        body = request.json()
        if "act" in body:
            key = key_of(body.get("id"))
            return {"did": box.trade.do(str(body["act"]), key, str(body.get("list", "")))}
        done: dict[str, int] = {}
        of, advance = int(body.get("of", 6)), bool(body.get("advance", True))
        moments = int(body.get("moments", int(body.get("days", 1)) * of))
        for _ in range(moments):
            for name, times in box.trade.moment(of, advance=advance).items():
                done[name] = done.get(name, 0) + times
        return {"done": done, **clock_of(box.world)}

    def pay(request: Request) -> Json:
        body = request.json()
        keys = [key_of(value) for value in body.get("ids") or [body["id"]]]
        name, day = str(body["list"]), body.get("day")
        return {"records": [box.gestao_click.pay(name, key, day) for key in keys]}

    return {
        "GET /clock": lambda _: clock_of(box.world),
        "POST /clock": clock,
        "GET /trade": lambda _: described(),
        "POST /trade": trade,
        "GET /books": lambda _: box.books(),
        "POST /pay": pay,
    }
