"""The one door to the vendors: every request gets a slot, a clock, a time limit, and an honest answer.

Statuses become errors by what they mean (shared/errors.py); passing faults are tried again here, within
seconds; what lasts longer goes back into the queue. A token is never sent to another host: redirects
are not followed and links in answers are not used.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from shared.errors import (
    AddressBlocked,
    NotAvailable,
    RateLimited,
    RequestRefused,
    VendorUnavailable,
)
from shared.logs import logger
from worker.sources.bodies import parse, whole
from worker.sources.budget import SYNC, Budget
from worker.sources.wire import PublicOnly

log = logger(__name__)
CONNECT_SECONDS = 5
Parser = Callable[[bytes], Any]


@dataclass(frozen=True)
class Answer:
    """One answer of a vendor: body is the parsed JSON, None for an empty one; path as it was asked for."""

    path: str
    status: int
    body: Any
    observed_at: datetime


@dataclass(frozen=True)
class Dialect:
    """How a vendor speaks.

    check: raises what a status or body means, given (path, status, body); clean: makes the bytes
    of a body parseable.
    """

    vendor: str
    headers: Mapping[str, str]
    check: Callable[[str, int, Any], None]
    clean: Callable[[bytes], bytes] = bytes


@dataclass
class Door:
    """Requests to one account at one vendor. `attempts` and `delay` (seconds) are for passing faults.

    waiting: called before each request and while it waits for its slot; renews leases.
    """

    base_url: str
    dialect: Dialect
    budget: Budget
    timeout: float
    attempts: int
    delay: float
    priority: str = SYNC
    waiting: Callable[[], None] = lambda: None
    asked: Callable[[], None] = lambda: None
    _local: threading.local = field(default_factory=threading.local)

    def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        answers: tuple[int, ...] = (),
        parse: Parser = parse,
    ) -> Answer:
        """GET, tried again on passing faults; raises PonteError by what the answer means.

        answers: statuses that are an answer here ("there is no such thing"), with an empty body; parse: reads
        the bytes of a body, raises ValueError when they are no JSON.
        """
        return self._retrying()(self._ask, "GET", path, params or {}, None, answers, parse)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Answer:
        """A write: never repeated blindly, the vendors have no idempotency keys (kommo-api.md 8)."""
        return self._ask(method, path, {}, body)

    def hold(self) -> None:
        """Takes the next request's slot now."""
        self.budget.hold(self.priority, self.waiting)

    def _retrying(self) -> Retrying:
        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=wait_exponential_jitter(multiplier=self.delay, max=30, jitter=self.delay),
            retry=retry_if_exception_type((VendorUnavailable, RateLimited)),
            before_sleep=self._note,
            reraise=True,
        )

    def _note(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        log.info("vendor_asked_again", attempt=state.attempt_number, why=str(error))

    def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        answers: tuple[int, ...] = (),
        parse: Parser = parse,
    ) -> Answer:
        observed_at = self.budget.slot(self.priority, self.waiting)
        self.asked()
        response = self._exchange(method, path, params, body)
        log.debug("vendor_answered", path=path, status=response.status_code)
        try:
            parsed = self._parse(path, response, parse)
            self.dialect.check(path, response.status_code, parsed)
        except RateLimited as error:
            self.budget.pause(error.seconds or _retry_after(response), str(error))
            raise
        except AddressBlocked as error:
            self.budget.pause(LONG_SILENCE, str(error), limited=False)
            raise
        except (NotAvailable, RequestRefused) as error:
            # the status that is meant: a 200 may carry another inside (gestaoclick-api.md 3, Errors)
            if error.status not in answers:
                raise
            return Answer(path, error.status, None, observed_at)
        return Answer(path, response.status_code, parsed, observed_at)

    def _exchange(
        self, method: str, path: str, params: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> requests.Response:
        try:
            return self._session().request(
                method,
                f"{self.base_url}{path}" + (f"?{query_string(params)}" if params else ""),
                json=body,
                timeout=(CONNECT_SECONDS, self.timeout),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise VendorUnavailable(self.dialect.vendor, type(error).__name__) from None

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            session = requests.Session()
            # no proxy or .netrc of the machine may change where a token goes
            session.trust_env = False
            session.mount("https://", PublicOnly())
            session.headers.update({"User-Agent": "ponte", **self.dialect.headers})
            self._local.session = session
        session = self._local.session
        assert isinstance(session, requests.Session)  # noqa: S101
        return session

    def _parse(self, path: str, response: requests.Response, parse: Parser) -> Any:
        """The JSON of an answer, whatever its content type; HTML and text stay text (kommo-api.md 7)."""
        content = self.dialect.clean(response.content)
        if not content:
            return None
        try:
            return parse(content)
        except ValueError:
            if response.status_code < 300:
                what = f"HTTP {response.status_code} without usable JSON at {path}"
                raise VendorUnavailable(self.dialect.vendor, what) from None
            return content[:200].decode(errors="replace")


LONG_SILENCE = 900.0
"""Seconds that everybody keeps away from a vendor that has blocked the address (kommo-api.md 3.1)."""


def query_string(params: Mapping[str, Any]) -> str:
    """PHP's way: lists as `filter[id][]=1&filter[id][]=2`; brackets stay short for long id lists."""
    pairs = [
        (name, value)
        for name, given in params.items()
        for value in (given if isinstance(given, list | tuple) else [given])
    ]
    return urlencode(pairs, safe="[],:", quote_via=quote)


def _retry_after(response: requests.Response) -> float | None:
    """The header is not documented; it is read all the same (kommo-api.md 3.1)."""
    seconds = whole(response.headers.get("Retry-After"))
    return None if seconds is None else float(seconds)
