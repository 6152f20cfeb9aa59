"""What reports there are, in the order in which they are shown."""

from __future__ import annotations

from webhook_app.reports import deals, sales
from webhook_app.reports.grammar import Report

ALL: tuple[Report, ...] = (*deals.ALL, *sales.ALL)
BY_NAME = {report.name: report for report in ALL}
