"""The reader's language: both stand side by side where they are said, `say("Sair", "Log out")`.

Only within a request, and in its own thread: work that is given to the database speaks no language.
"""

from __future__ import annotations

from flask import Flask, request

COOKIE = "ponte_lang"
PORTUGUESE, ENGLISH = "pt-BR", "en"
LANGUAGES = (PORTUGUESE, ENGLISH)


def language() -> str:
    """`pt-BR`, unless the reader chose `en`: the value of <html lang>."""
    chosen = request.cookies.get(COOKIE, PORTUGUESE)
    return chosen if chosen in LANGUAGES else PORTUGUESE


def say(portuguese: str, english: str) -> str:
    """What of the two the reader reads."""
    return english if language() == ENGLISH else portuguese


def register(app: Flask) -> None:
    app.add_template_global(say)
    app.add_template_global(language)
