"""Typed SQL views of each Kommo account, in the schema `reports`: for people who know SELECT."""

from worker.reports.refreshing import refresh, refresh_after, refresh_all

__all__ = ["refresh", "refresh_after", "refresh_all"]
