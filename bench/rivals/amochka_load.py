"""Leads by amochka: its ETL from amoCRM (Kommo's other name) into PostgreSQL, as its README shows.

    --migrate   makes its tables, and puts into them the contacts that the leads name: else it would fetch each
                of them one by one, or make a stub for it, which is not what is compared here
    --batch N   leads a transaction (its own default: 100)
    --rate N    requests a second (its own default: 7)

DATABASE_URL, VENDOR_URL and VENDOR_TOKEN stand in the environment; says `{"finished_at": Unix seconds}`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import etl
from amochka import AmoCRMClient, CacheConfig
from etl.config import AmoCRMAccount, DatabaseConfig
from etl.extractors import AmoCRMExtractor
from etl.loaders import PostgresLoader
from etl.run_etl import run_migrations, sync_leads_with_contacts, sync_pipelines_and_users

ACCOUNT = 1
LACKING = """
    create unique index on amocrm_leads_attributes (account_id, leads_id, attribute_id);
    create unique index on amocrm_leads_tags (account_id, leads_id, tag_id)
"""
"""Its loader (0.7.0) names these in ON CONFLICT, and its migrations do not make them: without them it fails."""
NEVER = "2100-01-01T00:00:00"


class LoopbackClient(AmoCRMClient):  # type: ignore[misc]
    """It accepts the vendor's own addresses alone; here the vendor is on loopback, without TLS as for all."""

    @staticmethod
    def _validate_base_url(base_url: str) -> str:
        if urlsplit(base_url).hostname != "127.0.0.1":
            raise ValueError(f"{base_url} is not loopback")
        return base_url


class LoopbackExtractor(AmoCRMExtractor):  # type: ignore[misc]
    """Asks that client."""

    _client: Any

    def _ensure_client(self) -> None:
        if self._client is None:
            self._client = LoopbackClient(
                base_url=self.account.base_url,
                token_file=str(self.account.token_path),
                cache_config=CacheConfig.disabled(),
                rate_limit=self.account.rate_limit,
            )


def loader() -> Any:
    url = urlsplit(os.environ["DATABASE_URL"])
    config = DatabaseConfig(
        host=url.hostname,
        port=url.port,
        dbname=url.path.removeprefix("/"),
        user=url.username,
        password=url.password,
    )
    return PostgresLoader(config)


def extractor(rate: int) -> Any:
    token = Path("token.json")
    token.write_text(json.dumps({"access_token": os.environ["VENDOR_TOKEN"], "expires_at": NEVER}))
    account = AmoCRMAccount(
        id=ACCOUNT,
        name="bench",
        base_url=os.environ["VENDOR_URL"],
        token_path=token,
        mybi_account_id=ACCOUNT,
        rate_limit=rate,
    )
    return LoopbackExtractor(account)


def prepare(database: Any, contacts: range) -> None:
    run_migrations(database, Path(etl.__file__).parent / "migrations")
    with database.connection() as connection:
        with connection.cursor() as cursor:
            cursor.execute(LACKING)
            cursor.execute(
                "insert into amocrm_contacts (account_id, contact_id, name)"
                " select %s, g, 'Contato ' || g from generate_series(%s, %s) g",
                (ACCOUNT, contacts.start, contacts.stop - 1),
            )
        connection.commit()


def load(database: Any, rate: int, batch: int) -> None:
    """What its command does for the entity `leads`, up to deletions and changed contacts."""
    source = extractor(rate)
    sync_pipelines_and_users(source, database, ACCOUNT)
    told = sync_leads_with_contacts(source, database, ACCOUNT, batch_size=batch)
    if told["contacts_count"] or told["contacts_stubbed_count"]:
        raise RuntimeError(f"contacts were loaded: {told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--migrate", nargs=2, type=int, metavar=("FIRST", "COUNT"))
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rate", type=int, default=7)
    options = parser.parse_args()
    with redirect_stdout(sys.stderr):
        database = loader()
        if options.migrate:
            first, count = options.migrate
            prepare(database, range(first, first + count))
        else:
            load(database, options.rate, options.batch)
        finished_at = time.time()
    print(json.dumps({"finished_at": finished_at}))


if __name__ == "__main__":
    main()
