"""Alerts, as both processes know them: the rules, the channels, what was found. Workers look and tell (worker/alerts)."""
