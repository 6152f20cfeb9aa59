"""Pages that people read, one module per group: Flask blueprints over the same functions as the API's."""

from webhook_app.pages import (
    alerts,
    connecting,
    home,
    inbox,
    integrations,
    matches,
    people,
    reports,
    runs,
    status,
    targets,
    wallet,
)

ALL = (
    home.pages,
    reports.pages,
    targets.pages,
    people.pages,
    matches.pages,
    wallet.pages,
    status.pages,
    runs.pages,
    inbox.pages,
    alerts.pages,
    integrations.pages,
    connecting.pages,
)
