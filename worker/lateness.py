"""Is a list late? How many times its schedule's interval has passed since it was last brought up to date."""

from __future__ import annotations

from shared import integrations
from shared.agenda.books import RARELY
from shared.integrations import Integration
from shared.resources.grammar import Resource
from shared.settings import Settings


def intervals(
    settings: Settings, integration: Integration, resource: Resource, age_seconds: float
) -> float:
    """In intervals of the integration's own schedule; 1 is on time."""
    every = integrations.every(settings, integration, windowed=resource.windowed)
    usual = every.total_seconds() * (RARELY if resource.rarely else 1)
    return age_seconds / usual
