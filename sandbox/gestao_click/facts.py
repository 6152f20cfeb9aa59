"""What Gestão Click's lists filter and sort by: business day, store, kind of sale."""

from sandbox.gestao_click.rules import rules_for
from sandbox.records import Facts, FactsOf, Json, ListSpec


def gestao_click_facts(spec: ListSpec) -> FactsOf:
    date = str(spec.options.get("date") or rules_for(spec.path).date)

    def facts(record: Json, hidden: Json) -> Facts:
        day = effective_date(record) if date == "effective" else _day(record, date)
        store = str(hidden.get("loja_id") or record.get("loja_id") or "")
        return Facts(day=day, store=store, kind=str(hidden.get("tipo") or ""))

    return facts


def _day(record: Json, name: str) -> str:
    """A service order is documented with `data`, and seen with data_entrada in its place (section 7)."""
    return str(record.get(name) or record.get("data") or "") if name else ""


def effective_date(title: Json) -> str:
    """gestaoclick-api.md 4: data_liquidacao if paid, else data_vencimento."""
    if title.get("liquidado") == "1" and title.get("data_liquidacao"):
        return str(title["data_liquidacao"])
    return str(title.get("data_vencimento") or "")
