"""Open deals with their main contact's phone, most valuable first.

TOKEN=eyJ... .venv/bin/python examples/open_deals.py

PONTE_URL (default http://127.0.0.1:3000) says where Ponte is. Needs only `requests`.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import requests

URL = os.environ.get("PONTE_URL", "http://127.0.0.1:3000")
MOST = 250


def pages(session: requests.Session, path: str, **wanted: Any) -> Iterator[dict[str, Any]]:
    """Every row of a list, page by page."""
    page = 1
    while True:
        answer = session.get(
            f"{URL}{path}", params={**wanted, "page": page, "limit": MOST}, timeout=30
        )
        body = answer.json()
        if not body["success"]:
            sys.exit(f"{answer.status_code}: {body['message']}")
        yield from body["data"]
        if page >= body["pagination"]["pageCount"]:
            return
        page += 1


def main() -> None:
    if "TOKEN" not in os.environ:
        sys.exit("set TOKEN: make run prints one, `ponte token create NAME` makes one")
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {os.environ['TOKEN']}"
        contacts = {one["id"]: one for one in pages(session, "/api/kommo/contacts")}
        for deal in pages(session, "/api/kommo/deals", sort="-price"):
            if deal["closed_at"] is None:
                contact = contacts.get(deal["main_contact_id"], {})
                phone = next(iter(contact.get("phones") or []), "no phone")
                print(deal["name"], deal["price"], contact.get("name") or "nobody", phone, sep="\t")


if __name__ == "__main__":
    main()
