"""Pages that people read, one module per group: Flask blueprints over the same functions as the API's."""

from webhook_app.pages import connecting, home, inbox, integrations, reports, runs, status, targets

ALL = (
    home.pages,
    reports.pages,
    targets.pages,
    status.pages,
    runs.pages,
    inbox.pages,
    integrations.pages,
    connecting.pages,
)
