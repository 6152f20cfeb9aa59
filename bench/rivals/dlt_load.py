"""Leads by dlt: its REST source, merged on `id` into PostgreSQL, as a user of its documentation would write it.

    --flat      nested values stay JSON columns (max_table_nesting=0), files for loading are CSV
    --upsert    the merge strategy `upsert` in place of `delete-insert`

What its performance guide advises besides is told by environment variables (bench/load.py). DATABASE_URL,
VENDOR_URL and VENDOR_TOKEN stand in the environment; says `{"finished_at": Unix seconds}`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from contextlib import redirect_stdout
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source


def source(options: argparse.Namespace) -> Any:
    """Behind the last page the vendor answers 204: that has to be said to be the end."""
    merge = {"disposition": "merge", "strategy": "upsert"} if options.upsert else "merge"
    leads = {
        "name": "leads",
        "primary_key": "id",
        "write_disposition": merge,
        "endpoint": {
            "path": "leads",
            "params": {"limit": 250, "with": "contacts,catalog_elements,loss_reason,source_id"},
            "data_selector": "_embedded.leads",
            "paginator": {"type": "json_link", "next_url_path": "_links.next.href"},
            "response_actions": [{"status_code": 204, "action": "ignore"}],
        },
    }
    client = {
        "base_url": f"{os.environ['VENDOR_URL']}/api/v4/",
        "auth": {"type": "bearer", "token": os.environ["VENDOR_TOKEN"]},
    }
    config: Any = {"client": client, "resources": [leads]}
    return rest_api_source(config, max_table_nesting=0 if options.flat else None)


def load(options: argparse.Namespace) -> None:
    pipeline = dlt.pipeline(
        "bench",
        destination=dlt.destinations.postgres(os.environ["DATABASE_URL"]),
        dataset_name="dlt",
    )
    told = pipeline.run(source(options), loader_file_format="csv" if options.flat else None)
    told.raise_on_failed_jobs()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flat", action="store_true")
    parser.add_argument("--upsert", action="store_true")
    with redirect_stdout(sys.stderr):
        load(parser.parse_args())
        finished_at = time.time()
    print(json.dumps({"finished_at": finished_at}))


if __name__ == "__main__":
    main()
