"""Pages that people read, one module per group: Flask blueprints over the same functions as the API's."""
