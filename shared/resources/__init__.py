"""What is mirrored: read `kommo.py` and `gestao_click.py`; `grammar.py` says what the words mean."""

from __future__ import annotations

from shared.errors import UnknownTarget
from shared.resources import gestao_click, kommo
from shared.resources.grammar import Resource

ALL: tuple[Resource, ...] = (*kommo.RESOURCES, *gestao_click.RESOURCES)
BY_NAME: dict[str, Resource] = {resource.full_name: resource for resource in ALL}


def of_provider(provider: str) -> tuple[Resource, ...]:
    """Every resource of a provider (`kommo`, `gestao-click`), in the order of declaration."""
    return tuple(resource for resource in ALL if resource.provider == provider)


def named(target: str) -> tuple[Resource, ...]:
    """The resources that a TARGET means: a provider or one resource; '-' and '_' are the same.

    Raises UnknownTarget with the list of what exists.
    """
    wanted = target.replace("-", "_")
    found = tuple(r for r in ALL if wanted in (r.source, r.full_name))
    if not found:
        raise UnknownTarget(target, ["kommo", "gestao-click", *sorted(BY_NAME)])
    return found
