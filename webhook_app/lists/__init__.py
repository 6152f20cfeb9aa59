"""The lists of the mirror over HTTP: routes, models and SQL, all out of the declarations (shared/resources)."""
