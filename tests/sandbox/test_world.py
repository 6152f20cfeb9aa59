"""The world outlives a restart, grows by fixture files, lives, and is told apart from real data."""

import base64
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_client import Client, Receiver, eventually

from sandbox import Sandbox
from sandbox.discovery import FOLDER
from sandbox.people import cnpj, cpf

ROOT = Path(__file__).parents[2]
TASKS = {
    "path": "/tasks",
    "records": [
        {
            "id": 8000 + n,
            "text": f"Ligar {n}",
            "created_at": 1760000000 + n,
            "updated_at": 1760000000 + n,
            "responsible_user_id": 11500101,
            "entity_id": None,
            "entity_type": None,
            "task_type_id": 1,
            "is_completed": bool(n % 2),
            "complete_till": 1760151540,
            "account_id": 31990001,
            "result": [],
        }
        for n in range(5)
    ],
}
SUPPLIERS = {"path": "/fornecedores", "records": [{"id": str(71000 + n)} for n in range(3)]}


@pytest.fixture
def more_fixtures(tmp_path: Path) -> Path:
    for folder in FOLDER.iterdir():
        (tmp_path / folder.name).mkdir()
        for path in folder.glob("*.json"):
            (tmp_path / folder.name / path.name).write_bytes(path.read_bytes())
    (tmp_path / "kommo" / "tasks.json").write_text(json.dumps(TASKS))
    (tmp_path / "gestao_click" / "fornecedores.json").write_text(json.dumps(SUPPLIERS))
    return tmp_path


def test_one_file_makes_a_list_of_kommo(
    make_client: Callable[..., Client], more_fixtures: Path, receiver: Receiver
) -> None:
    client = make_client(fixtures=more_fixtures)
    assert [t["id"] for t in client.walk("/tasks", limit=2)] == [8000, 8001, 8002, 8003, 8004]
    since = client.walk("/tasks", filter__updated_at__from=1760000003)
    assert [t["id"] for t in since] == [8003, 8004]
    assert [t["id"] for t in client.walk("/tasks", filter__id__=8002)] == [8002]
    assert len(client.walk("/tasks", filter__is_completed=1)) == 2
    assert client.kommo("/tasks/8001").json()["text"] == "Ligar 1"
    down = client.walk("/tasks", order__id="desc")
    assert [t["id"] for t in down] == [8004, 8003, 8002, 8001, 8000]
    client.subscribe(receiver.url, "update_task", "delete_task")
    call = {"vendor": "kommo", "list": "tasks", "id": 8001, "set": {"text": "Visitar"}}
    client.control("POST", "/change", call)
    assert b"task%5Bupdate%5D%5B0%5D%5Btext%5D=Visitar" in receiver.wait(1)[0]
    assert client.walk("/tasks")[1]["updated_at"] > 1760000004
    client.control("POST", "/delete", {"vendor": "kommo", "list": "tasks", "id": 8001})
    assert client.kommo("/tasks/8001").status_code == 204
    assert len(client.control("GET", "/world/kommo/tasks")["records"]) == 4


def test_one_file_makes_a_list_of_gestao_click(
    make_client: Callable[..., Client], more_fixtures: Path
) -> None:
    client = make_client(fixtures=more_fixtures)
    page = client.erp("/api/fornecedores", limite=2, pagina=2).json()
    assert [row["id"] for row in page["data"]] == ["71002"]
    assert page["meta"]["total_registros"] == 3
    assert client.erp("/fornecedores/71001").json()["data"]["id"] == "71001"
    assert client.erp("/fornecedores/1").status_code == 404


def test_the_state_file_continues_the_same_world(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "state.json"
    options: dict[str, Any] = {"leads": 60, "seed": 5, "kommo_limit": 0, "state": path}
    with Sandbox(**options) as box:
        box.kommo.change("leads", [40010001], {"name": "guardado"})
        box.kommo.delete("leads", [40010002])
        newest = box.kommo.create("leads", {})["id"]
        box.kommo.delete("leads", [newest])
        box.gestao_click.delete("vendas", [50001])
        box.subscriptions.add({"destination": receiver.url, "settings": ["add_lead"]})
        key = box.plant("kommo", "contacts", ["not", "a", "record"])
        before = {name: contents(box, *name) for name in box.world.tables}
        token = box.kommo_token
    with Sandbox(**options) as box:
        assert {name: contents(box, *name) for name in box.world.tables} == before
        assert box.kommo_token == token
        assert box.world.table("kommo", "contacts").live[key].raw == b'["not","a","record"]'
        assert box.kommo.create("leads", {})["id"] == newest + 1
        receiver.wait(1)
        sale = box.world.table("gestao-click", "vendas").live[50301]
        assert sale.facts[2:] == ("2026-03-07", "90002", "produto")


def test_the_state_is_saved_while_running(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with Sandbox(leads=10, state=path) as box:
        box.state.stop()  # type: ignore[union-attr]
        box.state._stop.clear()  # type: ignore[union-attr]
        box.state.keep_saving(box._head, every=0.01)  # type: ignore[union-attr]
        box.kommo.change("leads", [40010001], {"name": "já gravado"})
        eventually(lambda: path.exists() and "já gravado" in path.read_text(encoding="utf-8"))


def contents(box: Sandbox, vendor: str, name: str) -> tuple[Any, Any]:
    table = box.world.table(vendor, name)
    return (
        {key: (record.raw, record.facts, record.hidden) for key, record in table.live.items()},
        {key: record.raw for key, record in table.gone.items()},
    )


def test_the_same_seed_makes_the_same_world() -> None:
    def world(seed: int) -> list[Any]:
        with Sandbox(leads=30, seed=seed, now=1_790_000_000.0) as box:
            return [contents(box, *name) for name in sorted(box.world.tables)]

    assert world(3) == world(3)
    assert world(3) != world(4)


def test_churn_changes_both_worlds_and_links_stay_true(client: Client) -> None:
    changes = client.control("POST", "/churn", {"changes": 400})["changes"]
    assert changes == 400
    leads = {r["id"]: r for r in client.box.truth("kommo", "leads")}
    contacts = {r["id"]: r for r in client.box.truth("kommo", "contacts")}
    companies = {r["id"]: r for r in client.box.truth("kommo", "companies")}
    assert pairs(leads, "contacts") == flipped(pairs(contacts, "leads"))
    assert pairs(leads, "companies") == flipped(pairs(companies, "leads"))
    assert pairs(contacts, "companies") == flipped(pairs(companies, "contacts"))
    for lead in leads.values():
        mains = [c["is_main"] for c in lead["_embedded"]["contacts"]]
        assert mains.count(True) == min(1, len(mains))
        assert len(lead["_embedded"]["companies"]) <= 1
        assert (lead["closed_at"] is not None) == (lead["status_id"] in (142, 143))


def pairs(records: dict[int, Any], partner: str) -> set[tuple[int, int]]:
    return {(key, item["id"]) for key, r in records.items() for item in r["_embedded"][partner]}


def flipped(links: set[tuple[int, int]]) -> set[tuple[int, int]]:
    return {(b, a) for a, b in links}


def test_a_lively_account_lives_through_everything(make_client: Callable[..., Client]) -> None:
    client = make_client(lively=True)
    client.control("POST", "/churn", {"changes": 400, "vendor": "kommo"})
    kinds = {event["type"] for event in client.walk("/events")}
    assert {"task_added", "talk_created", "entity_tag_added", "entity_linked"} <= kinds


def test_life_goes_on_by_itself_and_stops(client: Client) -> None:
    client.control("POST", "/life", {"rate": 500})
    start = client.box.world.changes
    eventually(lambda: client.box.world.changes > start + 20)
    client.control("POST", "/life", {"rate": 0})
    time.sleep(0.05)
    still = client.box.world.changes
    time.sleep(0.05)
    assert client.box.world.changes == still


def test_the_truth_has_every_extra_and_the_deleted(client: Client) -> None:
    client.control("POST", "/delete", {"vendor": "kommo", "list": "leads", "id": 40010002})
    world = client.control("GET", "/world/kommo/leads")
    assert world["deleted"] == [40010002]
    assert "contacts" in world["records"][0]["_embedded"]
    chosen = client.control("GET", "/world/kommo/leads?with=contacts")["records"][0]
    assert set(chosen["_embedded"]) == {"tags", "companies", "contacts"}
    sales = client.control("GET", "/world/gestao-click/vendas")
    assert sales["hidden"]["50301"] == {"tipo": "produto", "loja_id": "90002"}
    fields = client.control("GET", "/world/kommo/leads/custom_fields")["records"]
    assert len(fields) > 20


def test_a_record_is_planted_as_is(client: Client) -> None:
    for record in ({"id": "abc", "name": 5}, {"name": "sem id"}, "text", None):
        call = {"vendor": "kommo", "list": "contacts", "record": record}
        client.control("POST", "/raw", call)
    rows = client.walk("/contacts")
    assert rows[-4:] == [{"id": "abc", "name": 5}, {"name": "sem id"}, "text", None]
    sale = {"vendor": "gestao-click", "list": "vendas", "record": {"id": "x", "valor_total": []}}
    client.control("POST", "/raw", {**sale, "hidden": {"tipo": "servico", "loja_id": "90001"}})
    last = client.erp("/vendas", limite=100, tipo="servico").json()["data"][-1]
    assert last == {"id": "x", "valor_total": []}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/change", {"vendor": "kommo", "list": "leads", "id": 1, "set": {}}, 404),
        ("/change", {"vendor": "kommo", "list": "nada", "id": 1, "set": {}}, 404),
        ("/change", {"vendor": "kommo", "list": "leads", "id": 40010001}, 400),
        ("/settings", {"kommo_limit": "many"}, 400),
        ("/settings", {"nonsense": 1}, 400),
        ("/settings", {"leads": 1}, 400),
        ("/webhooks/storm", {"count": 1}, 400),
        ("/nothing", {}, 404),
    ],
)
def test_a_wrong_control_call_says_so(client: Client, path: str, body: Any, status: int) -> None:
    answer = requests.post(f"{client.box.gestao_click_url}/_sandbox{path}", json=body, timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_the_front_page_says_what_this_is(client: Client) -> None:
    for url in (client.box.kommo_url, client.box.gestao_click_url):
        page = requests.get(f"{url}/_sandbox", timeout=5).json()
        assert "sandbox" in page["about"]
        assert page["lists"]["kommo"]["leads"]["live"] == 60


def test_the_token_looks_like_kommos(client: Client) -> None:
    head, claims, signature = client.box.kommo_token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
    assert (read[0]["typ"], read[0]["alg"]) == ("JWT", "RS256")
    assert read[1]["account_id"] == 31990001
    assert read[1]["exp"] > time.time() + 10 * 365 * 86400
    assert len(base64.urlsafe_b64decode(signature + "==")) == 256
    assert all(len(token) == 40 for token in client.box.gestao_click_tokens)


def test_tax_numbers_have_valid_check_digits() -> None:
    assert cpf(111444777 % 1_000_000).startswith("000.")
    assert cpf(1) == "000.000.001-91"
    assert cnpj(11222333 % 1_000_000).endswith(cnpj(222333)[-2:])
    assert cnpj(1) == "00.000.001/0001-36"


def test_the_command_prints_one_line_and_ends_cleanly(tmp_path: Path) -> None:
    state = tmp_path / "s.json"
    command = [sys.executable, "-m", "sandbox", "--leads", "10", "--state", str(state)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        head = {"Authorization": f"Bearer {ready['kommo_token']}"}
        account = requests.get(f"{ready['kommo_url']}/api/v4/account", headers=head, timeout=5)
        assert account.json()["id"] == ready["account_id"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
    assert state.exists()
