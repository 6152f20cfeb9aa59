"""The whole of a report as a file, written in constant memory before its first byte is sent: what fails is an answer
that says so, never half a file."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Response
from sqlalchemy import Connection

from shared.settings import Settings
from webhook_app.process import process
from webhook_app.reports import accounts, csv_file, engine, questions, xlsx_file
from webhook_app.reports.grammar import Report
from webhook_app.reports.questions import Exported
from webhook_app.reports.sheets import Sheet

SECONDS = 60.0
IN_MEMORY, PIECE = 1 << 20, 1 << 16


@dataclass(frozen=True)
class Export:
    """suffix: of the address and the file."""

    suffix: str
    media_type: str
    write: Callable[[IO[bytes], Sheet], None]


ALL = (
    Export("csv", "text/csv", csv_file.write),
    Export(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        xlsx_file.write,
    ),
)


def response(report: Report, export: Export, query: Exported) -> Response:
    own = process()
    file: Any = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (closed with the answer)
    try:
        own.database.run_within(SECONDS, _write, own.settings, report, export, query, file)
    except BaseException:
        file.close()
        raise
    sent = Response(_pieces(file), mimetype=export.media_type)
    weakref.finalize(sent, file.close)  # of an answer to HEAD nobody reads a piece
    sent.content_length = file.tell()
    sent.headers["Content-Disposition"] = f'attachment; filename="{report.name}.{export.suffix}"'
    return sent


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _write(
    connection: Connection,
    settings: Settings,
    report: Report,
    export: Export,
    query: Exported,
    file: IO[bytes],
) -> None:
    of = accounts.business(connection, settings, report, query.integration)
    asked = questions.meant(report, query, of.of(*report.providers))
    export.write(
        file,
        Sheet(
            asked,
            query.locale,
            engine.totals(connection, asked),
            accounts.freshness(connection, report, of)["synced_at"],
            engine.whole(connection, asked),
        ),
    )
