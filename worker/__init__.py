"""The workers: Celery's tasks, the engine that syncs, the sources that it reads, and the `ponte` command."""
