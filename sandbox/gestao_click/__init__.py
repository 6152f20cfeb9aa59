"""Gestão Click, played from gestaoclick-api.md."""
