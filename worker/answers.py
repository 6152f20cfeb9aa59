"""Answers to the web process's questions: only workers talk to vendors, inside the budget.

test-connection: see inquiry.py; look-live: {"keys", "rows"} or {"error"}; test-channel: {"ok", "message"};
register-webhook, rotate-webhook: {"subscribed", "message"}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from shared import addresses, integrations, questions, resources
from shared.enrolment import CREDENTIALS
from shared.errors import Misuse, NoCredentials, NotDelivered, PonteError
from shared.integrations import Integration
from worker import consent, inquiry, subscription
from worker.alerts import round as alerts
from worker.reach import Reach
from worker.sources import identity, oauth
from worker.sources.budget import WEBHOOKS
from worker.sources.opening import NAMES, Credentials
from worker.sources.protocol import Ask, Found, Source
from worker.sync import sweep
from worker.vendors import with_credentials


def answer(reach: Reach, kind: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """Never raises what a vendor or a user caused: that is an answer too."""
    answering: dict[str, Callable[[Reach, Mapping[str, Any]], dict[str, Any]]] = {
        questions.TEST_CONNECTION: test_connection,
        questions.LOOK_LIVE: look_live,
        questions.CONSENT: consent.adopt,
        questions.REGISTER_WEBHOOK: register_webhook,
        questions.ROTATE_WEBHOOK: rotate_webhook,
        questions.TEST_CHANNEL: test_channel,
    }
    try:
        return answering[kind](reach, question)
    except PonteError as error:
        refused = inquiry.refusal(error, _provider(question))
        return {**refused, "error": {"status": refused["status"]}}


def _provider(question: Mapping[str, Any]) -> str:
    named = resources.BY_NAME.get(str(question.get("resource")))
    return named.provider if named else str(question.get("provider", "kommo"))


def test_all(reach: Reach) -> list[tuple[Integration, dict[str, Any]]]:
    """Every integration that is worked on; raises Misuse when there is none."""
    return [(one, test_of(reach, one)) for one in with_credentials(reach)]


def name(reach: Reach, integration: Integration) -> str:
    """How a report calls an integration: the environment's by its provider alone."""
    if integrations.meant_by_environment(reach.settings, integration):
        return integration.provider
    return f"{integration.provider} {integration.id} ({integration.user_id})"


def test_of(reach: Reach, integration: Integration) -> dict[str, Any]:
    question = {"provider": integration.provider, "integration": integration.id}
    return answer(reach, questions.TEST_CONNECTION, question)


def test_connection(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """See inquiry.py: the answer of the credentials posted, or of an integration's own."""
    provider = str(question["provider"])
    if posted := question.get("credentials"):
        return inquiry.inquire(reach, *_posted(reach, provider, posted))
    integration = _asked_about(reach, provider, question)
    return inquiry.inquire(reach, integration, oauth.usable(reach, integration))


def _posted(
    reach: Reach, provider: str, posted: Mapping[str, str]
) -> tuple[Integration, Credentials]:
    """Posted credentials belong to nobody yet."""
    url = _address(reach, provider, posted.get("apiUrl"))
    secrets = tuple(posted.get(name, "") for name in CREDENTIALS[provider])
    return Integration(0, "nobody", provider), Credentials(provider, url, secrets)


def _asked_about(reach: Reach, provider: str, question: Mapping[str, Any]) -> Integration:
    """The integration that the question names, else the provider's default."""
    with reach.engine.begin() as connection:
        integrations.ensure(connection, reach.settings)
        asked = integrations.chosen(
            connection, reach.settings, provider, question.get("integration")
        )
    if asked is None:
        raise NoCredentials(provider, NAMES[provider])
    return asked


def _address(reach: Reach, provider: str, posted: str | None) -> str:
    """Only a vendor's own: another would send tokens wherever a caller likes."""
    if posted:
        return addresses.checked(reach.settings, provider, posted)
    return addresses.configured(reach.settings, provider)


def test_channel(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """Sends to one channel of alerts, and tells whether it took it."""
    try:
        alerts.test(reach, int(question["channel"]))
    except (NotDelivered, Misuse) as error:
        return {"ok": False, "message": str(error)}
    return {"ok": True, "message": "the channel took it"}


def look_live(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """Reads one page, or some ids, at the vendor, keeps what it saw, and says which ids it asked about.

    question: resource, integration; ids and slice, or page, limit and query.
    """
    resource = resources.BY_NAME[str(question["resource"])]
    integration = _asked_about(reach, resource.provider, question)
    ask = Ask(resource, question.get("slice") or {})
    if missing := [c.name for c in resource.columns if c.asked and c.name not in ask.slice]:
        raise Misuse(f"{resource.full_name} has no live view: its rows need {', '.join(missing)}")
    with identity.meeting(reach, integration, priority=WEBHOOKS) as met:
        ids, found = _seen(met.source, ask, question)
    with reach.engine.begin() as connection:
        country = met.account.country
        sweep.keep_look(connection, integration.id, ask, ids, found, country, "live look")
    return {"ok": True, "keys": ids, "rows": len(ids)}


def _seen(source: Source, ask: Ask, question: Mapping[str, Any]) -> tuple[list[str], Found]:
    """The ids that were asked for, else those of the page."""
    if ids := [str(id_) for id_ in question.get("ids") or ()]:
        return ids, source.look(ask, ids)
    params = {**ask.resource.params}
    if question.get("query"):
        params["query" if ask.resource.source == "kommo" else "nome"] = str(question["query"])
    narrowed = replace(ask.resource, params=params, page_size=int(question.get("limit") or 50))
    page = source.page(Ask(narrowed, ask.slice), int(question.get("page") or 1))
    ids = [str(record[ask.resource.key[-1]]) for record in page.records]
    return ids, Found(page.records, page.observed_at)


def register_webhook(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """{"subscribed", "message"}: whether Kommo calls us now, or why not."""
    subscribed, message = subscription.register(reach, int(question["integration"]))
    return {"ok": True, "subscribed": subscribed, "message": message}


def rotate_webhook(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """As register_webhook, at a new address; the address itself is not told. `now`: the former one ends."""
    subscribed, message = subscription.rotate_secret(
        reach, int(question["integration"]), now=bool(question.get("now"))
    )
    return {"ok": True, "subscribed": subscribed, "message": message.partition("\n")[0]}
