"""After the consent of an account's owner: his code becomes an integration with tokens of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared import enrolment, integrations
from shared.enrolment import Wanted
from worker.reach import Reach
from worker.sources import claims, oauth


def adopt(reach: Reach, question: Mapping[str, Any]) -> dict[str, Any]:
    """{"ok", "integration"}: a new one, or the one that was there, with new tokens.

    question: url of the account (checked by the web process, and again before our secret is sent), code,
    and what was wanted when the consent was asked for. Raises WrongAccount when another account consented.
    """
    wanted = Wanted(provider="kommo", credentials={}, url=question["url"], **question["wanted"])
    place = (wanted.user_id, wanted.provider, wanted.wallet_id)
    with reach.engine.begin() as connection:
        there = integrations.find(connection, *place)
    pair = oauth.exchange(reach, str(question["url"]), str(question["code"]))
    claims.ensure_account(claims.read(pair["jwtToken"]), there.account_id if there else None)
    with reach.engine.begin() as connection:
        if there is None or there.removed:
            id_ = enrolment.keep(connection, reach.keys, wanted, pair).integration.id
        else:
            id_ = there.id
            enrolment.renew_credentials(connection, reach.keys, id_, question["url"], pair)
    return {"ok": True, "integration": id_}
