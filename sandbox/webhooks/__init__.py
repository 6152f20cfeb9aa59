"""Kommo's webhooks: who wants what, the body, the delivery (kommo-api.md 6)."""
