"""Who is who: by what the people and firms of both systems are known, which of them are the same, and which sale a
won deal became."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from shared.db.mirror import metadata, rows_table
from shared.db.moments import NOW, moment
from shared.resources import BY_NAME


def _party() -> tuple[Column[int], Column[str], Column[str]]:
    return (
        Column("integration_id", Integer, primary_key=True, autoincrement=False),
        Column("resource", Text, primary_key=True),
        Column("record", Text, primary_key=True, comment="its id, as text"),
    )


def _judged() -> tuple[Column[Any], ...]:
    """What is said of a pair."""
    last_word = "what a person says, who has the last word: accepted, rejected"
    return (
        Column("why", Text, nullable=False),
        moment("found_at", nullable=False, server_default=NOW),
        moment("changed_at", nullable=False, server_default=NOW),
        Column("verdict", Text, comment=last_word),
        Column("decided_by", Text),
        moment("decided_at"),
    )


parties = Table(
    "parties",
    metadata,
    *_party(),
    Column("names", ARRAY(Text), nullable=False, comment="without accents and legal forms"),
    Column("city", Text),
    moment("changed_at", nullable=False, comment="of the row as it was read"),
    Column("dirty", Boolean, nullable=False, server_default=text("true")),
    schema="ponte",
    comment="A contact or company of Kommo, a client or supplier of the ERP, as matching sees it",
)
Index("parties_words", func.ponte.words(parties.c.names), postgresql_using="gin")
Index("parties_dirty", parties.c.integration_id, parties.c.resource, postgresql_where=text("dirty"))

party_facts = Table(
    "party_facts",
    metadata,
    *_party(),
    Column("fact", Text, primary_key=True, comment="phone:+551188887777, tax id:…, name:…"),
    schema="ponte",
    comment="By what a party is known, in one spelling",
)
Index("party_facts_fact", party_facts.c.fact)

matches = Table(
    "matches",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False, comment="of Kommo"),
    Column("resource", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("erp_integration_id", Integer, nullable=False),
    Column("erp_resource", Text, nullable=False),
    Column("erp_record", Text, nullable=False),
    Column("state", Text, nullable=False, comment="what the facts say: matched, doubtful, apart"),
    Column("strength", Numeric, nullable=False, comment="0 to 1"),
    Column("facts", ARRAY(Text), nullable=False, comment="those that both are known by"),
    *_judged(),
    UniqueConstraint(
        *(
            "integration_id",
            "resource",
            "record",
            "erp_integration_id",
            "erp_resource",
            "erp_record",
        ),
        name="matches_pair",
    ),
    CheckConstraint("state in ('matched', 'doubtful', 'apart')", name="matches_state"),
    CheckConstraint("verdict in ('accepted', 'rejected')", name="matches_verdict"),
    schema="ponte",
    comment="Pairs of a party of Kommo and one of the ERP that may be the same",
)
Index("matches_erp", matches.c.erp_integration_id, matches.c.erp_resource, matches.c.erp_record)

deal_sales = Table(
    "deal_sales",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("integration_id", Integer, nullable=False, comment="of Kommo"),
    Column("lead_id", BigInteger, nullable=False),
    Column("erp_integration_id", Integer, nullable=False),
    Column("sale_id", Text, nullable=False),
    Column("state", Text, nullable=False, comment="what the facts say: matched, doubtful, apart"),
    Column("strength", Numeric, nullable=False, comment="0 to 1"),
    *_judged(),
    UniqueConstraint(
        *("integration_id", "lead_id", "erp_integration_id", "sale_id"), name="deal_sales_pair"
    ),
    CheckConstraint("state in ('matched', 'doubtful', 'apart')", name="deal_sales_state"),
    CheckConstraint("verdict in ('accepted', 'rejected')", name="deal_sales_verdict"),
    schema="ponte",
    comment="Pairs of a won deal of Kommo and a sale of the ERP that it may have become",
)
Index("deal_sales_sale", deal_sales.c.erp_integration_id, deal_sales.c.sale_id)
Index("deal_sales_changed", deal_sales.c.integration_id, deal_sales.c.changed_at)

title_sales = Table(
    "title_sales",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("title_id", Text, primary_key=True),
    Column("sale_id", Text, nullable=False),
    Column("certain", Boolean, nullable=False, comment="else it is likely"),
    Column(
        "amount", Numeric, nullable=False, comment="and what follows: as the title has it, for sums"
    ),
    Column("settled", Boolean, nullable=False),
    Column("due_on", Date),
    Column("paid_on", Date),
    Column("store_id", Text),
    schema="ponte",
    comment="Which receivable is of which sale, as reports.titulos_documentos says",
)
Index("title_sales_sale", title_sales.c.integration_id, title_sales.c.sale_id)
Index(
    "title_sales_open",
    *(title_sales.c.integration_id, title_sales.c.due_on),
    postgresql_where=text("not settled"),
)

sale_money = Table(
    "sale_money",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("sale_id", Text, primary_key=True),
    Column("titles", BigInteger, nullable=False),
    Column("received", Numeric, nullable=False),
    Column("to_come", Numeric, nullable=False, comment="of those that are not settled"),
    Column("first_received_on", Date),
    Column("last_received_on", Date),
    schema="ponte",
    comment="What the receivables of a sale add up to (ponte.title_sales); a sale without any has no row",
)

sold_deals = Table(
    "sold_deals",
    metadata,
    Column("erp_integration_id", Integer, primary_key=True, autoincrement=False),
    Column("sale_id", Text, primary_key=True),
    Column("integration_id", Integer, nullable=False, comment="of Kommo"),
    Column("lead_id", BigInteger, nullable=False),
    schema="ponte",
    comment="Which won deal a sale is of, as reports.negocios_vendas says",
)
Index("sold_deals_lead", sold_deals.c.integration_id, sold_deals.c.lead_id)

deal_paths = Table(
    "deal_paths",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("lead_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tags", ARRAY(Text), nullable=False),
    Column("utm_source", Text),
    Column("utm_medium", Text),
    Column("utm_campaign", Text),
    moment("first_move_at", comment="into its second stage; null: it never was"),
    moment("entered_at", comment="into the stage where it is, the first time"),
    schema="ponte",
    comment="Where a lead came from, and when it was first moved",
)

deal_stages = Table(
    "deal_stages",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("lead_id", BigInteger, primary_key=True, autoincrement=False),
    Column("pipeline_id", BigInteger, primary_key=True, autoincrement=False),
    Column("status_id", BigInteger, primary_key=True, autoincrement=False),
    moment("entered_at", comment="the first time"),
    Column(
        "went_on",
        Boolean,
        nullable=False,
        comment="afterwards it was in a stage further on in the same pipeline, or won",
    ),
    schema="ponte",
    comment="Stages in which a lead has been, as reports.kommo_stage_history says",
)

client_money = Table(
    "client_money",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("client_id", Text, primary_key=True),
    Column("purchases", BigInteger, nullable=False, comment="sales that count, and have a day"),
    Column("purchase_days", BigInteger, nullable=False, comment="different days of those"),
    Column("sold", Numeric, nullable=False),
    Column("first_on", Date, comment="day of the first of them"),
    Column("last_on", Date),
    Column(
        "received", Numeric, nullable=False, comment="settled receivables, whatever they are of"
    ),
    Column("to_come", Numeric, nullable=False),
    schema="ponte",
    comment="What clients of the ERP have bought, paid and owe, as ponte.client_money_anew works it out",
)

stage_weights = Table(
    "stage_weights",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("pipeline_id", BigInteger, primary_key=True, autoincrement=False),
    Column("status_id", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "ended", BigInteger, nullable=False, comment="deals that were in it and ended within a year"
    ),
    Column("won", BigInteger, nullable=False),
    Column("weight", Numeric, nullable=False, comment="0 to 1: the share of them that was won"),
    Column("days", Integer, nullable=False, comment="mean from the stage to won"),
    schema="ponte",
    comment="What open stages of Kommo are worth, as ponte.stage_weights_anew works it out",
)

matching_marks = Table(
    "matching_marks",
    metadata,
    Column("integration_id", Integer, primary_key=True, autoincrement=False),
    Column("list", Text, primary_key=True),
    moment("through", nullable=False),
    Column("record", Text, nullable=False, server_default=""),
    schema="ponte",
    comment="Up to which change matching has read a list, or the deals (deal_sales)",
)

LIVE = "deleted_at is null and missing_since is null"
for _name, _resource, _order, _held, _which in (
    (
        "leads_created",
        "kommo.leads",
        ("created_at",),
        "id price pipeline_id status_id responsible_user_id source_id closed_at",
        "",
    ),
    (
        "leads_won",
        "kommo.leads",
        ("closed_at",),
        "id name price pipeline_id responsible_user_id source_id created_at main_contact_id company_id",
        " and status_id = 142",
    ),
    ("leads_contact", "kommo.leads", ("main_contact_id",), "id status_id price", ""),
    ("leads_company", "kommo.leads", ("company_id",), "id status_id price", ""),
    (
        "vendas_days",
        "gestao_click.vendas",
        ("data",),
        "id valor_total loja_id nome_loja vendedor_id nome_vendedor cliente_id situacao_id nome_situacao",
        "",
    ),
    (
        "recebimentos_paid",
        "gestao_click.recebimentos",
        ("data_liquidacao",),
        "id valor_total liquidado data_vencimento data_competencia conta_bancaria_id loja_id nome_loja cliente_id",
        "",
    ),
    (
        "pagamentos_paid",
        "gestao_click.pagamentos",
        ("data_liquidacao",),
        "id valor_total liquidado data_vencimento data_competencia conta_bancaria_id",
        "",
    ),
):
    _rows = rows_table(BY_NAME[_resource])
    Index(
        _name,
        _rows.c.integration_id,
        *(_rows.c[each] for each in _order),
        postgresql_include=_held.split(),
        postgresql_where=text(LIVE + _which),
    )
"""What reports add up is read from indexes alone: mirrored rows are wide, for their records stand in them."""
for _name, _whose in {
    "gestao_click.vendas": "cliente_id",
    "gestao_click.recebimentos": "cliente_id",
    "gestao_click.pagamentos": "fornecedor_id",
}.items():
    _rows = rows_table(BY_NAME[_name])
    Index(f"{_rows.name}_of_whom", _rows.c.integration_id, _rows.c[_whose])
