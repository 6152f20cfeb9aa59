"""Reports over both systems: declared once each (`deals.py`, `sales.py`, …), served as rows, files and pages."""

from webhook_app.reports.api import api

APIS = (api,)

__all__ = ["APIS"]
