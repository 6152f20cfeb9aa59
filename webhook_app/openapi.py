"""flask-openapi3, described late: what /api/openapi.json says of the routes is made when somebody asks for it.

The schemas of more than two hundred routes take longer than everything else that a web process does before its
first answer, and most processes are never asked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from flask_openapi3 import blueprint, openapi
from flask_openapi3.utils import parse_parameters


def later(model: Callable[..., Any], *of: Any) -> Any:
    """`later(page_model, resource)`: a model among the documented answers that is made with the description."""
    return partial(model, *of)


class Routes(blueprint.APIBlueprint):
    """A group of routes."""

    def __init__(self, *names: Any, **options: Any) -> None:
        super().__init__(*names, **options)
        self._undescribed: list[Callable[[], object]] = []

    def _collect_openapi_info(
        self, rule: str, func: Callable[..., Any], *, responses: Any = None, **told: Any
    ) -> Any:
        """Called for each route as it is declared: only the models that its view takes are needed then."""
        describe = super()._collect_openapi_info
        self._undescribed.append(
            lambda: describe(rule, func, responses=_made(responses or {}), **told)
        )
        return parse_parameters(func, doc_ui=False)

    def describe(self) -> None:
        """Fills paths, schemas and tags; once."""
        waiting, self._undescribed = self._undescribed, []
        for describe in waiting:
            describe()


def _made(responses: Mapping[Any, Any]) -> dict[Any, Any]:
    return {
        status: answer() if isinstance(answer, partial) else answer
        for status, answer in responses.items()
    }


class Application(openapi.OpenAPI):
    """The application; its description is that of its groups, in the order in which they were registered."""

    _describing = threading.Lock()
    """Of the process: applications share the groups."""

    def __init__(self, *names: Any, **options: Any) -> None:
        super().__init__(*names, **options)
        self._groups: list[Routes] = []

    def register_api(self, api: blueprint.APIBlueprint, **options: Any) -> None:
        assert isinstance(api, Routes)  # noqa: S101
        self._groups.append(api)
        super().register_api(api, **options)

    @property
    def api_doc(self) -> dict[str, Any]:
        with self._describing:
            for group in self._groups:
                self._take(group)
            self._groups = []
            return cast(dict[str, Any], super().api_doc)

    def _take(self, group: Routes) -> None:
        group.describe()
        self.paths.update(group.paths)
        self.components_schemas.update(group.components_schemas)
        for tag in group.tags:
            if tag.name not in self.tag_names:
                self.tags.append(tag)
                self.tag_names.append(tag.name)
