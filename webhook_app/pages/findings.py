"""What a vendor's answer means, and what to do about it, in both languages: by the code of test-connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhook_app.problems import Problem
from webhook_app.words import say

Said = tuple[str, str]
"""In Portuguese, in English."""
FOUND: Mapping[str, tuple[Said, Said]] = {
    "missing": (
        ("Faltam as credenciais", "Credentials are missing"),
        ("Preencha todos os campos.", "Fill in every field."),
    ),
    "malformed": (
        ("As credenciais estão malformadas", "The credentials are malformed"),
        ("Copie de novo, inteiras, sem espaços nem quebras de linha.", "Copy them once more, whole, without blanks or line ends."),
    ),
    "expired": (
        ("O token venceu", "The token has expired"),
        ("Gere outro no Kommo: Integração, Chaves e escopos.", "Generate another in Kommo: Integration, Keys and scopes."),
    ),
    "revoked": (
        ("As credenciais foram recusadas", "The credentials were refused"),
        ("Gere outras: estas foram revogadas, ou são de uma conta em outro endereço.", "Generate others: these were revoked, or belong to an account at another address."),
    ),
    "swapped": (
        ("Os dois tokens estão trocados", "The two tokens are swapped"),
        ("Ponha cada um no campo do outro.", "Put each into the other's field."),
    ),
    "wrong_account": (
        ("As credenciais são de outra conta", "The credentials belong to another account"),
        ("Use as da conta que já estava ligada, ou conecte esta como outra integração.", "Use those of the bound account, or connect this one as another integration."),
    ),
    "blocked": (
        ("O endereço deste servidor foi bloqueado", "The address of this server is blocked"),
        ("Escreva ao suporte do sistema; até lá a Ponte fica em silêncio.", "Write to the vendor's support; Ponte keeps silent meanwhile."),
    ),
    "not_available": (
        ("O plano ou os direitos não dão acesso", "The plan or the rights do not give this"),
        ("Veja se a API está incluída no plano, e com que usuário o token foi gerado.", "See whether the plan has the API, and whose token it is."),
    ),
    "elsewhere": (
        ("A conta mora em outro endereço", "The account lives at another address"),
        ("Informe o endereço da própria conta: https://NOME.kommo.com", "Give the account's own address: https://NAME.kommo.com"),
    ),
    "limited": (
        ("O sistema pede para esperar", "The vendor asks to wait"),
        ("Tente de novo em um minuto; alguém está usando toda a cota.", "Try again in a minute; somebody uses the quota up."),
    ),
    "unreachable": (
        ("O sistema não respondeu", "The vendor did not answer"),
        ("Verifique o endereço e a rede; senão, o sistema está fora do ar.", "Check the address and the network; else the vendor is down."),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A no, in the reader's words. detail: the worker's own sentence, in English."""

    title: str
    todo: str
    detail: str


def of(problem: Problem) -> Finding:
    connection: Mapping[str, Any] = problem.more.get("connection") or {}
    code = str(connection.get("code") or connection.get("status"))
    if code not in FOUND:
        return unlike(problem.detail)
    title, todo = FOUND[code]
    return Finding(say(*title), say(*todo), problem.detail)


def unlike(detail: str) -> Finding:
    """What was refused here, before any vendor was asked."""
    return Finding(say("Não foi possível", "Not possible"), "", detail)
