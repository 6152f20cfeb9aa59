"""Every declaration is sound: what it names exists, and nothing is said twice."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text

from shared import resources
from shared.db.engine import connect
from shared.db.mirror import SQL_TYPES, child_table, rows_table, stamps_table
from shared.resources.columns import FINDING, Column, Type
from shared.resources.filters import HasValue, InChild, Linked, Tagged
from shared.resources.grammar import Embeds, Horizon, Owns, Refers, Resource
from tests.servers import copy_of

every_resource = pytest.mark.parametrize("resource", resources.ALL, ids=lambda each: each.full_name)
BOOKS = ["raw", "changed_at", "deleted_at", "missing_since"]


def names(resource: Resource) -> list[str]:
    return [column.name for column in resource.columns]


def horizon(full: bool) -> Horizon:
    return Horizon(
        date(2026, 11, 23), date(2026, 10, 1), full, {r.full_name: ["7"] for r in resources.ALL}
    )


@every_resource
def test_names_are_words_of_sql_and_each_stands_once(resource: Resource) -> None:
    words = [resource.source, resource.name, *names(resource)]
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,40}", word) for word in words)
    assert not [name for name, times in Counter(names(resource)).items() if times > 1]
    assert not set(names(resource)) & {"integration_id", *BOOKS}


@every_resource
def test_children_have_tables_of_their_own_and_their_names_are_words_of_sql(
    template: Engine, resource: Resource
) -> None:
    assert not resource.children or len(resource.key) == 1
    for child in resource.children:
        columns = [column.name for column in child.columns]
        kept = ["integration_id", child.parent, "ordem"]
        assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,40}", word) for word in [child.name, *columns])
        assert len({*kept, *columns}) == len(kept) + len(columns)
        assert child.path
        assert not any(column.asked for column in child.columns)
        assert rows_table(resource).metadata is child_table(resource, child).metadata
        declared = {column.name: str(column.type) for column in child.columns}
        declared |= {child.parent: str(resource.key_columns[0].type)}
        declared |= {"integration_id": "integer", "ordem": "integer"}
        assert _columns(template, resource.source, f"{resource.name}_{child.name}") == declared
        assert [c.name for c in child_table(resource, child).primary_key.columns] == kept


def test_no_two_tables_have_one_name() -> None:
    tables = [r.full_name for r in resources.ALL]
    tables += [f"{r.full_name}_{child.name}" for r in resources.ALL for child in r.children]
    assert len(set(tables)) == len(tables)


@every_resource
def test_the_key_is_made_of_declared_columns(resource: Resource) -> None:
    assert resource.key
    assert set(resource.key) <= set(names(resource))
    assert tuple(column.name for column in resource.key_columns) == resource.key


@every_resource
def test_what_proves_a_filter_is_a_declared_column(resource: Resource) -> None:
    windows = resource.windows
    since = (resource.since.column,) if resource.since else ()
    assert set(since) <= set(names(resource))
    if windows:
        still_open = {windows.open.column} if windows.open else set()
        assert {*windows.columns, *still_open} <= set(names(resource))
        asks = resource.asks(horizon(full=False))
        assert all(windows.start in ask and windows.end in ask for ask in asks)


@every_resource
def test_what_is_asked_for_is_asked_in_every_slice(resource: Resource) -> None:
    wanted = {column.name for column in resource.columns if column.asked}
    for ask in resource.asks(horizon(full=True)) + resource.asks(horizon(full=False)):
        assert wanted <= set(ask)


@every_resource
def test_every_placeholder_of_the_path_is_filled_by_every_slice(resource: Resource) -> None:
    for ask in resource.asks(horizon(full=True)):
        assert "{" not in resource.path.format(**ask)


@every_resource
def test_slices_are_distinct_and_the_same_each_time(resource: Resource) -> None:
    asks = resource.asks(horizon(full=True))
    assert asks == resource.asks(horizon(full=True))
    assert len({tuple(sorted(ask.items())) for ask in asks}) == len(asks) > 0


@every_resource
def test_search_and_order_look_into_declared_columns(resource: Resource) -> None:
    assert resource.listed is None or set(resource.listed.search) <= set(names(resource))
    assert resource.newest is None or resource.newest in names(resource)


@every_resource
def test_what_is_looked_at_by_id_is_named_by_its_slice_and_the_last_key_column(
    resource: Resource,
) -> None:
    if resource.by_id:
        *slices, own = resource.key_columns
        assert not own.asked
        assert all(column.asked for column in slices)


@every_resource
def test_a_webhook_names_its_events_and_its_records_can_be_looked_at(resource: Resource) -> None:
    if resource.webhook:
        assert resource.webhook.group
        assert resource.webhook.events
        assert len(set(resource.webhook.events)) == len(resource.webhook.events)
        assert resource.by_id


@every_resource
def test_what_it_needs_is_declared_before_it(resource: Resource) -> None:
    order = [each.full_name for each in resources.ALL]
    assert all(order.index(needed) < order.index(resource.full_name) for needed in resource.needs)
    assert all(resources.BY_NAME[needed].provider == resource.provider for needed in resource.needs)


def test_names_routes_and_webhook_groups_are_unique() -> None:
    full_names = [each.full_name for each in resources.ALL]
    routes = [(r.provider, r.listed.route) for r in resources.ALL if r.listed]
    groups = [(r.provider, r.webhook.group) for r in resources.ALL if r.webhook]
    for said in (full_names, routes, groups):
        assert len(set(said)) == len(said)
    assert list(resources.BY_NAME) == full_names


def shape(columns: tuple[Column, ...]) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in columns]


def children_of(resource: Resource) -> list[object]:
    return [(child.name, child.path, shape(child.columns)) for child in resource.children]


def test_fingerprints_differ_between_declarations_that_differ() -> None:
    shapes = {repr((shape(r.columns), children_of(r), r.params, r.dropped)) for r in resources.ALL}
    assert len({resource.fingerprint for resource in resources.ALL}) == len(shapes)


@pytest.fixture(scope="module")
def template(postgres_url: str, template_url: str) -> Iterator[Engine]:
    """A copy of the migrated database, to be looked at only."""
    with copy_of(postgres_url, template_url) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


SHORT = {"timestamp with time zone": "timestamptz", "ARRAY": "text[]"}


@every_resource
def test_its_tables_stand_in_the_migrated_database(template: Engine, resource: Resource) -> None:
    kept = _columns(template, resource.source, resource.name)
    declared = {column.name: str(column.type) for column in resource.columns}
    books = {"integration_id": "integer", "raw": "jsonb"}
    books |= dict.fromkeys(("changed_at", "deleted_at", "missing_since"), "timestamptz")
    assert kept == declared | books
    stamps = _columns(template, "sync", f"{resource.source}_{resource.name}_stamps")
    key = {column.name: str(column.type) for column in resource.key_columns}
    facts = {"hash": "uuid", "observed_at": "timestamptz", "gone": "boolean", "misses": "smallint"}
    facts["how"] = "text"
    assert stamps == {"integration_id": "integer", **key, **facts}
    for table in (rows_table(resource), stamps_table(resource)):
        assert [c.name for c in table.primary_key.columns] == ["integration_id", *resource.key]


def _columns(engine: Engine, schema: str, table: str) -> dict[str, str]:
    asked = text(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = :schema and table_name = :table"
    )
    with engine.begin() as connection:
        rows = connection.execute(asked, {"schema": schema, "table": table})
        return {row.column_name: SHORT.get(row.data_type, row.data_type) for row in rows}


def test_every_type_of_a_column_has_its_sql_type() -> None:
    assert {column.type for each in resources.ALL for column in each.columns} <= set(SQL_TYPES)


@every_resource
def test_what_a_list_can_add_and_be_asked_for_exists_and_has_a_name_of_its_own(
    resource: Resource,
) -> None:
    listed = resource.listed
    if listed is None:
        return
    columns = set(names(resource))
    assert set(listed.search) <= columns
    for each in listed.expands:
        if isinstance(each, Refers | Embeds | Owns):
            to = resources.BY_NAME[each.to]
            assert each.name not in columns
            assert not isinstance(each, Embeds) or len(to.key) == 1
            assert not isinstance(each, Owns) or each.by in names(to)
        if isinstance(each, Refers):
            assert len(each.by) == len(resources.BY_NAME[each.to].key)
            assert set(each.by) <= columns
    filters = [each.name for each in resource.filters]
    assert len(filters) == len(set(filters))
    for each in resource.filters:
        if isinstance(each, InChild):
            (child,) = (one for one in resource.children if one.name == each.child)
            assert each.column in {column.name for column in child.columns}
            continue
        of_record = isinstance(each, Linked | Tagged | HasValue)
        read = set() if of_record else set(getattr(each, "columns", ()) or (each.column,))
        assert read <= columns
        # what takes a column's place says something of that column
        assert each.name not in columns or each.name in read
    has_value = any(isinstance(each, HasValue) for each in listed.filters)
    assert not has_value or "custom_fields" in columns


LOOKS_PERSONAL = re.compile(
    r"name|nome|phone|fone|celular|fax|mail|cpf|cnpj|\brg\b|nasc|birth|razao|fantasia|inscricao|logradouro"
    r"|numero|complemento|bairro|\bcep|_cep|address|text|observa|descri|introd|cuidados|contato|conteudo"
    r"|detalhe|informac|params|metadata|custom_fields|value_|cargo|funcionario|chat|laudo"
)
WORDS = (Type.TEXT, Type.TEXTS, Type.JSON, Type.DATE)


def tables_of(resource: Resource) -> list[tuple[str, tuple[Column, ...]]]:
    children = [(f"{resource.name}_{child.name}", child.columns) for child in resource.children]
    return [(resource.name, resource.columns), *children]


@every_resource
def test_of_everything_that_looks_personal_it_is_said_whether_it_is(resource: Resource) -> None:
    """personal, phone, email, tax_id, written or nobodys around the column; or `impersonal` for a list."""
    unsaid = [
        f"{table}.{column.name}"
        for table, columns in tables_of(resource)
        for column in columns
        if column.personal is None
        and column.type in WORDS
        and not column.name.endswith("_id")
        and column.name not in resource.key
        and (LOOKS_PERSONAL.search(column.name) or column.type in (Type.TEXTS, Type.JSON))
    ]
    assert resource.impersonal or unsaid == []
    assert resource.impersonal is not resource.is_personal


@every_resource
def test_whose_a_record_is_is_said_by_columns_and_of_lists_of_people(resource: Resource) -> None:
    columns = set(names(resource))
    for about in resource.about:
        to = resources.BY_NAME[about.to]
        assert to.is_personal
        assert len(to.key) == 1
        assert {about.by, *about.where} <= columns
        if not about.whole:
            assert [c for c in resource.columns if c.whose == about.by]
    apart = {about.by for about in resource.about if not about.whole}
    assert {column.whose for column in resource.columns if column.whose} <= apart


@every_resource
def test_what_stays_of_an_erased_record_is_known_by_its_place(resource: Resource) -> None:
    """A column that is nobody's, or that keeps something, says where in the record it reads."""
    for _, columns in tables_of(resource):
        for column in columns:
            assert column.at or column.asked, column.name
            assert not (column.keeps and column.personal not in FINDING)
            assert not (column.is_personal and column.name in resource.key)
