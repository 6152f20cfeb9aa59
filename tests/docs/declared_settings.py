"""What Settings declares, as documents need it: names, defaults, words; and the table of operations.md.

`python -m tests.docs.declared_settings` writes the table into docs/operations.md.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from shared.settings import SECRETS, Settings

ROOT = Path(__file__).parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
BEGIN, END = "<!-- settings: generated -->\n", "<!-- /settings -->\n"


@dataclass(frozen=True)
class Declared:
    """One public setting. names: the first is the proper one, the others are read too."""

    names: tuple[str, ...]
    default: str
    description: str
    kind: str

    @property
    def secret(self) -> bool:
        return self.names[0] in SECRETS


def declared() -> list[Declared]:
    """Every setting that users may change; one declared `internal` is none."""
    fields = Settings.model_fields.items()
    return [_declared(name, field) for name, field in fields if not _is_internal(field)]


def _is_internal(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("internal"))


def _declared(name: str, field: FieldInfo) -> Declared:
    return Declared(
        _names(name, field), _text(field.default), field.description or "", str(field.annotation)
    )


def _names(name: str, field: FieldInfo) -> tuple[str, ...]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (str(alias),) if alias else (name.upper(),)


def _text(default: object) -> str:
    """As it is written in a .env file; "" for absent."""
    if default is None:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def table() -> str:
    lines = ["| name | default | |", "| --- | --- | --- |"]
    for one in declared():
        names = " or ".join(f"`{name}`" for name in one.names)
        default = f"`{one.default}`" if one.default else ""
        secret = " Secret: also as `…_FILE`." if one.secret else ""
        lines.append(f"| {names} | {default} | {one.description}.{secret} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """The page with today's table between its two marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    OPERATIONS.write_text(with_table(OPERATIONS.read_text()))
