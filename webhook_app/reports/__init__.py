"""Reports over both systems: declared once each (`declared/`), served as rows, files and pages."""

from webhook_app.reports.api import api

APIS = (api,)

__all__ = ["APIS"]
