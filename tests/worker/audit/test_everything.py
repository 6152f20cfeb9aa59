"""Every declared list is true after its sync, and any mixture of plants is found exactly."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from shared import resources
from shared.resources import BY_NAME
from shared.resources.grammar import Resource
from tests.ground import Ground, ground_on
from tests.servers import copy_of
from tests.worker.audit.conftest import Audits
from tests.worker.audit.test_kinds import INVENTED, KINDS, LEADS
from worker.audit.comparing import ONLY_HERE

LISTED = [resource for resource in resources.ALL if not resource.unlisted]


@pytest.fixture(scope="module")
def lived(postgres_url: str, template_url: str) -> Iterator[Ground]:
    """A world with a past, shared by the tests of this module."""
    with copy_of(postgres_url, template_url) as url, ground_on(url, leads=30) as ground:
        ground.box.life.run(60)
        yield ground


@pytest.mark.parametrize("resource", LISTED, ids=lambda one: one.full_name)
def test_a_list_is_true_after_its_sync(lived: Ground, resource: Resource) -> None:
    assert lived.sync(resource)["state"] == "done"
    before = lived.rows(resource)
    found = Audits(lived).audit(resource, repair=True)
    assert (found["state"], Audits(lived).found(found)) == ("done", set()), found["reason"]
    assert found["verified_through"]
    assert found["compared"] == sum(row["deleted_at"] is None for row in before) or (
        resource.append_only
    )
    assert lived.rows(resource) == before


@pytest.mark.parametrize("resource", LISTED, ids=lambda one: one.full_name)
def test_a_row_that_was_lost_here_is_found_and_brought_back(
    lived: Ground, resource: Resource
) -> None:
    """The stamp stays: no sync would ever write the row again."""
    lived.sync(resource)
    rows = sorted(lived.rows(resource), key=lambda row: str(row.get("created_at") or ""))
    lost = rows[-1]
    on_key = " and ".join(f"{name} = :{name}" for name in resource.key)
    audits, key = Audits(lived), {name: lost[name] for name in resource.key}
    assert audits.plant(f"delete from {resource.full_name} where {on_key}", **key) == 1
    found = audits.audit(resource, repair=True)
    text = "/".join(str(part) for part in key.values())
    assert audits.found(found) == {(text, "only there", "no row here")}
    assert found["repaired"] == 1
    back = lived.row(resource, *key.values())
    assert {**back, "changed_at": None} == {**lost, "changed_at": None}


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_plants_is_found_exactly_and_repaired(database_url: str, seed: int) -> None:
    rng = Random(seed)
    with ground_on(database_url, leads=300) as ground:
        audits = Audits(ground)
        ground.sync(LEADS)
        before = {row["id"]: row["raw"] for row in ground.rows(LEADS)}
        expected = set()
        for id_ in rng.sample(sorted(before), 40):
            planted = KINDS[rng.choice(sorted(KINDS))]
            for sql in planted.sql:
                audits.plant(sql, id=id_)
            expected.add((str(id_), planted.kind, planted.detail))
        for id_ in range(1, rng.randrange(2, 6)):
            audits.plant(INVENTED, id=id_)
            expected.add((str(id_), ONLY_HERE, "lives here, the vendor has none"))
        found = audits.audit(LEADS)
        assert audits.found(found) == expected
        assert audits.audit(LEADS, repair=True)["repaired"] == len(expected)
        assert audits.found(audits.audit(LEADS)) == set()
        live = [row for row in ground.rows(LEADS) if not row["missing_since"]]
        assert {row["id"]: row["raw"] for row in live if not row["deleted_at"]} == before


def test_two_accounts_do_not_see_each_other(audits: Audits) -> None:
    ground = audits.ground
    ground.sync(LEADS)
    other = (
        "insert into kommo.leads (integration_id, id, raw, changed_at) values (99, 1, '{}', now())"
    )
    audits.plant(other)
    assert audits.found(audits.audit(BY_NAME["kommo.leads"])) == set()
