"""What Kommo's lists sort and filter by most."""

from sandbox.records import Facts, Json


def kommo_facts(record: Json, _hidden: Json) -> Facts:
    return Facts(_moment(record.get("updated_at")), _moment(record.get("created_at")))


def _moment(value: object) -> int:
    return value if isinstance(value, int) else 0
