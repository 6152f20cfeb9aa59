"""Gestão Click's envelopes: lists, details, errors (gestaoclick-api.md 3)."""

from math import ceil
from urllib.parse import urlencode

import orjson

from sandbox.http import Request, Response, json_response
from sandbox.records import Json, ListSpec

NO_DATA = "Não há dados!"


def list_page(
    spec: ListSpec, request: Request, rows: list[bytes], total: int, page: int, limit: int
) -> Response:
    meta = _meta(spec, request, len(rows), total, page, limit)
    head: Json = {"code": 200, "status": "success"} | ({} if meta is None else {"meta": meta})
    data = b"[" + b",".join(rows) + b"]"
    if not rows and spec.options.get("empty") == "string":
        data = orjson.dumps(NO_DATA)
    return Response(200, b'%s,"data":%s}' % (orjson.dumps(head)[:-1], data), "application/json")


def _meta(
    spec: ListSpec, request: Request, count: int, total: int, page: int, limit: int
) -> Json | None:
    """Variant A, variant B, or none; all null when nothing matches, on some lists.

    "rows as pages" is one documented example: total_paginas counts the rows of the one page there is.
    """
    variant = spec.options.get("meta", "B")
    if variant is None:
        return None
    pages = ceil(total / limit)
    counts = {"total_registros": total}
    if variant == "rows as pages":
        counts |= {"total_paginas": total}
    elif variant == "A":
        counts |= {"total_da_pagina": count}
    else:
        counts |= {"total_paginas": pages, "total_registros_pagina": count}
    before, after = page - 1 or None, page + 1 if page < pages else None
    meta: Json = {
        **counts,
        "pagina_atual": page,
        "limite_por_pagina": limit,
        "pagina_anterior": before,
        "url_anterior": _url(spec, request, before, limit),
        "proxima_pagina": after,
        "proxima_url": _url(spec, request, after, limit),
    }
    if not total and spec.options.get("empty") == "null_meta":
        return dict.fromkeys(meta)
    return meta


def _url(spec: ListSpec, request: Request, page: int | None, limit: int) -> str | None:
    """Relative, and starting with /api (section 3)."""
    if page is None:
        return None
    kept = [(k, v) for k, v in request.pairs if k not in ("pagina", "limite")]
    pairs = [*kept, ("limite", str(limit)), ("pagina", str(page))]
    return f"/api{spec.path}?{urlencode(pairs)}"


def detail(row: bytes) -> Response:
    return Response(200, b'{"code":200,"status":"success","data":%s}' % row, "application/json")


def error(code: int, name: str, message: str) -> Response:
    body = {"code": code, "status": "error", "data": {"erro": name, "mensagem": message}}
    return json_response(body, code)


UNAUTHORIZED = error(401, "Unauthorized", "Token de acesso invalido")
"""Section 1: nobody has printed this body; inferred."""
TOO_MANY = error(429, "Too Many Requests", "O limite de requisicoes foi atingido")
NOT_FOUND = error(404, "Not Found", "Registro não encontrado")
INVALID = error(404, "Not Found", "O valor do pedido não pode ser diferente do valor das parcelas.")
"""Section 3: a validation error on POST and PUT."""
INTERNAL = error(500, "Internal Server Error", "Erro interno")


def controller_missing(path: str) -> Response:
    """Section 3: an unknown route, or for seconds a known one (CakePHP)."""
    name = "".join(part.capitalize() for part in path.strip("/").split("/")[0].split("_"))
    message = f"Controller class {name or 'Index'}Controller could not be found."
    tools = {"error": message, "file": "/app/example/Controller.php", "line": 1}
    return json_response({"devTools": tools}, 404)
