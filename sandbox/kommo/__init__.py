"""Kommo CRM, played from kommo-api.md."""
