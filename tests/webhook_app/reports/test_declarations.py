"""Every declaration is sound: what it names is there, and it says everything in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.resources import BY_NAME
from tests.webhook_app.conftest import Web
from webhook_app.reports import catalog, declaring
from webhook_app.reports.engine import SCHEMA
from webhook_app.reports.grammar import ROWS, Kind, Report, Said

TYPES = {
    "TEXT": {"text"},
    "DATE": {"date"},
    "NUMERIC": {"numeric"},
    "INTEGER": {"integer", "bigint"},
    "BIGINT": {"bigint"},
    "BOOLEAN": {"boolean"},
    "ARRAY": {"ARRAY"},
}
each_report = pytest.mark.parametrize("report", catalog.ALL, ids=lambda report: report.name)


def test_names_are_given_once() -> None:
    assert len(catalog.BY_NAME) == len(catalog.ALL)


@each_report
def test_what_is_shown_can_be_told_apart_and_sorted(report: Report) -> None:
    assert report.usual_by in report.ways
    for by in report.ways:
        names = [one.name for one in report.shown(by)]
        assert len(set(names)) == len(names)
        assert report.sort_of(by).removeprefix("-") in names
    assert bool(report.columns) == (ROWS in report.ways)


@each_report
def test_its_key_and_its_chart_are_measures_of_one_kind(report: Report) -> None:
    assert report.measure(report.key).kind.measured
    kinds = {report.measure(name).kind for name in report.chart}
    assert len(kinds) <= 1 or kinds == {Kind.COUNT}
    assert all(one.kind.measured for one in report.measures)


@each_report
def test_it_follows_lists_that_are_mirrored(report: Report) -> None:
    assert set(report.follows) <= set(BY_NAME)
    assert {BY_NAME[name].provider for name in report.follows} >= set(report.providers)


def _said(report: Report) -> Iterator[Said]:
    yield from (report.title, report.about, report.covers)
    yield from (one.title for one in (*report.groupings, *report.filters))
    for by in report.ways:
        for one in report.shown(by):
            yield from (one.title, *one.words)


@each_report
def test_everything_is_said_in_both_languages(report: Report) -> None:
    for both in _said(report):
        assert both.pt
        assert both.en
    whole = (report.title, report.about, report.covers)
    assert all(both.pt != both.en for both in whole)
    assert report.about.pt.endswith(".")


@each_report
def test_its_view_has_the_columns_that_it_names(web: Web, report: Report) -> None:
    asked = (
        "select column_name, data_type from information_schema.columns "
        "where table_schema = %(schema)s and table_name = %(name)s"
    )
    names = {"schema": SCHEMA, "name": report.view.name}
    found = web.run(lambda c: c.exec_driver_sql(asked, names).all())
    there: dict[str, str] = dict(map(tuple, found))
    for column in report.view.columns:
        kind = type(column.type).__name__.upper().replace("BIGINTEGER", "BIGINT")
        assert there.get(column.name) in TYPES[kind], (column.name, kind)


@pytest.mark.parametrize(
    "choices",
    [
        declaring.PIPELINES,
        declaring.USERS,
        declaring.SOURCES,
        declaring.TAGS,
        declaring.STORES,
        declaring.STAFF,
    ],
    ids=lambda choices: str(choices.table.name),
)
def test_choices_are_of_a_table_that_is_there(web: Web, choices: declaring.Choices) -> None:
    resource = BY_NAME[f"{choices.table.schema}.{choices.table.name}"]
    names = {column.name for column in resource.columns}
    assert {choices.value, choices.label} <= names
    assert resource.provider == choices.provider
