"""Every kind of drift is found, nothing else is, and repairing it leaves nothing to find."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from shared.resources import BY_NAME
from tests.worker.audit.conftest import Audits
from worker.audit.comparing import DIFFERENT, ONLY_HERE, ONLY_THERE

LEADS, TAGS, SALES = (BY_NAME[n] for n in ("kommo.leads", "kommo.tags", "gestao_click.vendas"))
STAMPS = "sync.kommo_leads_stamps"


@dataclass(frozen=True)
class Planted:
    """sql: alters the lead :id; kind and detail: what the audit says of it."""

    sql: tuple[str, ...]
    kind: str
    detail: str


KINDS = {
    "price_altered": Planted(
        ("update kommo.leads set price = price + 1 where id = :id",), DIFFERENT, "price"
    ),
    "text_and_moment_altered": Planted(
        ("update kommo.leads set name = 'x', created_at = now() where id = :id",),
        DIFFERENT,
        "name, created_at",
    ),
    "document_altered": Planted(
        ("""update kommo.leads set custom_fields = '{"1": {}}' where id = :id""",),
        DIFFERENT,
        "custom_fields",
    ),
    "array_altered": Planted(
        ("update kommo.leads set tags = array['x'] where id = :id",), DIFFERENT, "tags"
    ),
    "emptied": Planted(("update kommo.leads set name = null where id = :id",), DIFFERENT, "name"),
    "raw_altered": Planted(
        ("""update kommo.leads set raw = raw || '{"name": "x"}' where id = :id""",),
        DIFFERENT,
        "raw",
    ),
    "row_deleted": Planted(("delete from kommo.leads where id = :id",), ONLY_THERE, "no row here"),
    "row_and_stamp_deleted": Planted(
        ("delete from kommo.leads where id = :id", f"delete from {STAMPS} where id = :id"),
        ONLY_THERE,
        "no row here",
    ),
    "marked_deleted": Planted(
        ("update kommo.leads set deleted_at = now() where id = :id",),
        ONLY_THERE,
        "marked deleted here",
    ),
    "marked_missing_with_its_stamp": Planted(
        (
            "update kommo.leads set missing_since = now() where id = :id",
            f"update {STAMPS} set gone = true, hash = null where id = :id",
        ),
        ONLY_THERE,
        "marked missing here",
    ),
    "stamp_deleted": Planted(
        (f"delete from {STAMPS} where id = :id",), DIFFERENT, "its stamp is lacking"
    ),
    "stamp_says_gone": Planted(
        (f"update {STAMPS} set gone = true where id = :id",), DIFFERENT, "its stamp says gone"
    ),
}
INVENTED = "insert into kommo.leads (integration_id, id, raw, changed_at) select integration_id, :id, '{}', now() from kommo.leads limit 1"
INVENTED_STAMP = f"insert into {STAMPS} (integration_id, id, observed_at) select integration_id, :id, now() from kommo.leads limit 1"


@pytest.mark.parametrize("name", KINDS)
def test_a_planted_difference_is_found_alone_and_repaired(audits: Audits, name: str) -> None:
    planted = KINDS[name]
    audits.ground.sync(LEADS)
    rows = audits.ground.rows(LEADS)
    id_ = rows[len(rows) // 2]["id"]
    for sql in planted.sql:
        assert audits.plant(sql, id=id_) == 1
    found = audits.audit(LEADS)
    assert (found["state"], found["compared"]) == ("done", len(rows)), found["reason"]
    assert audits.found(found) == {(str(id_), planted.kind, planted.detail)}
    assert found["verified_through"] is None
    mended = audits.audit(LEADS, repair=True)
    assert (mended["repaired"], mended["verified_through"]) == (1, mended["started_at"])
    assert audits.ground.rows(LEADS) == [
        {**row, "changed_at": now["changed_at"]}
        for row, now in zip(rows, audits.ground.rows(LEADS), strict=True)
    ]
    clean = audits.audit(LEADS)
    assert audits.found(clean) == set()
    assert clean["verified_through"] == clean["started_at"]


@pytest.mark.parametrize("stamped", [True, False], ids=["stamped", "unstamped"])
def test_a_row_that_only_lives_here_is_asked_for_by_id_and_marked_missing(
    audits: Audits, stamped: bool
) -> None:
    audits.ground.sync(LEADS)
    audits.plant(INVENTED, id=1)
    if stamped:
        audits.plant(INVENTED_STAMP, id=1)
    found = audits.audit(LEADS, repair=True)
    assert audits.found(found) == {("1", ONLY_HERE, "lives here, the vendor has none")}
    assert audits.ground.row(LEADS, 1)["missing_since"]
    assert audits.found(audits.audit(LEADS)) == set()


def test_looking_stamps_nothing_and_writes_nothing(audits: Audits) -> None:
    audits.ground.sync(LEADS)
    before = audits.ground.rows(LEADS), audits.ground.stamps(LEADS)
    assert audits.audit(LEADS)["state"] == "done"
    assert (audits.ground.rows(LEADS), audits.ground.stamps(LEADS)) == before


def test_a_new_host_in_the_links_is_no_difference(audits: Audits) -> None:
    audits.ground.sync(LEADS)
    audits.plant("""update kommo.leads set raw = raw || '{"_links": {"self": {"href": "x"}}}'""")
    assert audits.found(audits.audit(LEADS)) == set()


def test_a_list_without_a_way_by_id_is_read_twice_before_anything_counts(audits: Audits) -> None:
    audits.ground.sync(TAGS)
    rows = audits.ground.rows(TAGS)
    table, id_ = TAGS.full_name, rows[0]["id"]
    audits.plant(f"update {table} set name = 'x' where id = :id", id=id_)
    audits.plant(f"delete from {table} where id = :id", id=rows[-1]["id"])
    found = audits.audit(TAGS, repair=True)
    assert (found["different"], found["only_there"], found["repaired"]) == (1, 1, 2)
    assert audits.found(audits.audit(TAGS)) == set()


def test_gestao_click_is_audited_through_the_same_protocol(audits: Audits) -> None:
    audits.ground.sync(SALES)
    rows = audits.ground.rows(SALES)
    audits.plant("update gestao_click.vendas set valor_total = 1 where id = :id", id=rows[0]["id"])
    audits.plant("delete from gestao_click.vendas where id = :id", id=rows[1]["id"])
    found = audits.audit(SALES, repair=True)
    assert {kind for _, kind, _ in audits.found(found)} == {DIFFERENT, ONLY_THERE}
    assert found["repaired"] == 2
    assert [row["tipo"] for row in audits.ground.rows(SALES)] == [row["tipo"] for row in rows]
    assert audits.found(audits.audit(SALES)) == set()
