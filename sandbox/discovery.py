"""Fixture files are the lists: one JSON file per list, found by being there.

    sandbox/fixtures/<vendor>/<list>.json
    {"path": "/tasks", "records": [{"id": 8001, ...}]}

That is all a new list needs: what the vendor does with it stands in kommo/rules.py and
gestao_click/rules.py, which know the lists of the reference pages. Optional keys: `id` (id field,
default "id"), `embedded` (Kommo: key in `_embedded`), `webhook` ({"group", "noun", "type"}); `meta` ("A", "B", "rows as pages" or null), `empty` ("array", "string", "null_meta"),
`wrapper`, `detail` (Gestão Click: false = no route by id), `date` (field of data_inicio/data_fim);
`single` (one object, not a list). A key `_sandbox` in a record is what the vendor knows and does
not show (a sale's `tipo` and `loja_id`).
"""

from dataclasses import dataclass
from pathlib import Path

import orjson

from sandbox.records import Json, ListSpec

FOLDER = Path(__file__).with_name("fixtures")
VENDORS = {"kommo": "kommo", "gestao_click": "gestao-click"}
"""Folder -> the vendor's name in the control API."""


@dataclass(frozen=True)
class Fixture:
    spec: ListSpec
    records: list[Json]


def read_fixtures(folder: Path = FOLDER) -> list[Fixture]:
    found = [
        read_fixture(vendor, path)
        for name, vendor in VENDORS.items()
        for path in sorted((folder / name).glob("*.json"))
    ]
    if not found:
        raise FileNotFoundError(f"no fixtures under {folder}")
    return found


def read_fixture(vendor: str, path: Path) -> Fixture:
    content: Json = orjson.loads(path.read_bytes())
    if not isinstance(content.get("records"), list):
        raise ValueError(f"{path.name}: a fixture is an object with a list of `records`")
    spec = ListSpec(
        vendor=vendor,
        name=path.stem,
        path="/" + str(content.get("path") or path.stem).strip("/"),
        id_field=str(content.get("id") or "id"),
        options={k: v for k, v in content.items() if k not in ("records", "path", "id", "about")},
    )
    return Fixture(spec, content["records"])
