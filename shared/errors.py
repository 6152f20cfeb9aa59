"""The errors of Ponte. The type is the policy:

PonteError
├── Misuse                  the user can mend it; commands end with exit code 2
│   ├── SettingsError           every problem of the settings, at once
│   ├── UnknownTarget           a target or id that does not exist, and what does
│   ├── Conflict                not possible as things stand: what stands in the way
│   ├── NoCredentials           an integration that nobody has given credentials
│   ├── MalformedToken          what was given cannot be a token of the vendor's
│   ├── MalformedPair           the same of the ERP's two: which of them
│   └── Unreachable             PostgreSQL or Redis does not answer: which, where, what to do
├── Retryable               the same call may succeed later; the run waits and goes on
│   ├── VendorUnavailable       5xx, time-out, dropped connection, an answer that is no JSON
│   ├── TokenRenewed            the access token was refused, and another took its place
│   ├── RateLimited             429: everybody pauses
│   ├── Paused                  the vendor has asked for silence: how long still
│   ├── BudgetSpent             the day's requests are used up
│   ├── AuditShareSpent         of the day's requests, what audits may use
│   ├── NotDelivered            a channel of alerts did not take a notice
│   ├── WalkBroken              pages shifted or repeated: nothing is marked, the walk is repeated
│   └── DependencyMissing       another resource has to be read first
├── Fatal                   the run ends and says why; nothing is retried by itself
│   ├── CredentialsRefused      401, or the token's rights (403)
│   │   ├── TokenExpired            by its own word: nothing was asked
│   │   ├── PairRefused             of two tokens nobody says which is wrong: what was tried
│   │   ├── PairSwapped             they work the other way round
│   │   └── AccountElsewhere        3xx, or a 404 of the account itself: it was renamed
│   ├── NotAvailable            402, 403, 404: the plan or the rights do not give this list
│   │   └── SliceIgnored            another slice's records came: the parameters are not acted upon
│   ├── AddressBlocked          HTML 403: the breaker opens for everybody
│   ├── WrongAccount            the token belongs to another account than the integration's
│   ├── RequestRefused          400, 422 and other answers that will not get better
│   ├── FilterIgnored           rows came back that the filter should have kept out
│   ├── NotBelievable           the walks of a list never met what the vendor counts
│   └── SyncNeeded              a list that was never read cannot be compared
├── LostOwnership           another worker owns this run or drain now: leave without a trace
└── Reject                  one record cannot become a row: it is kept with its reason
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class PonteError(Exception):
    """Base of everything that Ponte raises on purpose."""


class Misuse(PonteError):
    """Something that the user can mend; the message says how."""


class SettingsError(Misuse):
    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(f"the settings need attention:\n{lines}")


class UnknownTarget(Misuse):
    def __init__(self, target: str, known: Sequence[str]) -> None:
        self.target = target
        super().__init__(f"unknown target {target!r}; there are: {', '.join(known)}")


class Conflict(Misuse):
    """Right in itself, but something stands in the way; the message says what and how to go on."""


class NoCredentials(Misuse):
    def __init__(self, what: str, names: str | None) -> None:
        hint = f"set {names}" if names else "give it some: ponte integrations add"
        super().__init__(f"no credentials for {what}: {hint}")


class MalformedToken(Misuse):
    def __init__(self, why: str) -> None:
        super().__init__(f"this is no token of Kommo's: {why}")


class MalformedPair(Misuse):
    def __init__(self, which: str, why: str) -> None:
        super().__init__(f"{which} cannot be right: {why}. Nothing was asked with it.")


class Unreachable(Misuse):
    def __init__(self, what: str, where: str, why: str) -> None:
        super().__init__(
            f"{what} does not answer at {where} ({why}). "
            f"Start it, or correct {'DATABASE_URL' if what == 'PostgreSQL' else 'REDIS_URL'}."
        )


class Retryable(PonteError):
    """May succeed later without anybody doing anything."""


class VendorUnavailable(Retryable):
    def __init__(self, vendor: str, what: str) -> None:
        super().__init__(f"{vendor} did not answer usably: {what}")


class TokenRenewed(Retryable):
    def __init__(self, vendor: str) -> None:
        super().__init__(
            f"{vendor} refused the access token; it was renewed and is tried once more"
        )


class NotDelivered(Retryable):
    """The message names neither address nor secret: it is shown."""

    def __init__(self, why: str) -> None:
        super().__init__(f"it was not taken: {why}")


class TooHeavy(VendorUnavailable):
    """The vendor gave up on the question (504): a smaller one may be answered."""


class RateLimited(Retryable):
    """`seconds`: how long the vendor asks for, or None when it does not say."""

    def __init__(self, vendor: str, seconds: float | None) -> None:
        self.seconds = seconds
        super().__init__(f"{vendor} answered 429 (too many requests)")


class Paused(Retryable):
    """`seconds`: how long the silence still lasts."""

    def __init__(self, budget: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{budget} is paused for another {seconds:.0f} s")


class BudgetSpent(Retryable):
    """`seconds`: when to look again; the window of 24 hours moves slowly."""

    seconds = 600.0

    def __init__(self, budget: str, daily: int) -> None:
        super().__init__(f"the {daily} requests that {budget} has in 24 hours are used up")


class AuditShareSpent(Retryable):
    """`seconds`: when to look again."""

    seconds = 600.0

    def __init__(self, share: int) -> None:
        super().__init__(f"the {share} requests that audits may use in 24 hours are used up")


class WalkBroken(Retryable):
    def __init__(self, why: str) -> None:
        super().__init__(f"the walk is not complete: {why}")


class DependencyMissing(Retryable):
    def __init__(self, resource: str, needed: str) -> None:
        super().__init__(f"{resource} needs {needed}, which has not been read in full yet")


class Fatal(PonteError):
    """Will not get better by itself."""


class CredentialsRefused(Fatal):
    def __init__(self, vendor: str, status: int, detail: str) -> None:
        super().__init__(
            f"{vendor} refused the credentials (HTTP {status}: {detail}). "
            "Nothing was retried or deleted; put a valid token in and sync again."
        )


class TokenExpired(CredentialsRefused):
    def __init__(self, vendor: str, when: str) -> None:
        self.when = when
        Fatal.__init__(
            self,
            f"the token of {vendor} expired on {when}; generate a new one. Nothing was asked with it.",
        )


class PairRefused(CredentialsRefused):
    def __init__(self, refusal: str, findings: Sequence[str]) -> None:
        Fatal.__init__(
            self, f"{refusal} It does not say which of the two is wrong: {'; '.join(findings)}."
        )


class PairSwapped(CredentialsRefused):
    def __init__(self, vendor: str) -> None:
        Fatal.__init__(
            self,
            f"{vendor} refused the pair as it was given, and takes it the other way round: "
            "access token and secret token are exchanged.",
        )


class AccountElsewhere(CredentialsRefused):
    def __init__(self, vendor: str, status: int) -> None:
        Fatal.__init__(
            self,
            f"{vendor} has no such account at this address (HTTP {status}): the account lives elsewhere. "
            "Nothing was deleted; correct KOMMO_API_URL and sync again.",
        )


class NotAvailable(Fatal):
    def __init__(self, vendor: str, path: str, status: int, detail: str) -> None:
        self.status = status
        super().__init__(f"{vendor} does not give {path} (HTTP {status}: {detail})")


class SliceIgnored(NotAvailable):
    """Parameters that are not acted upon bring another slice's records, with 200."""

    def __init__(
        self, vendor: str, path: str, asked: Mapping[str, str], other: Mapping[str, str]
    ) -> None:
        wanted = "&".join(f"{name}={asked[name]}" for name in other)
        came = "&".join(f"{name}={value}" for name, value in other.items())
        super().__init__(vendor, f"{path}?{wanted}", 200, f"the records of {came} came")


class AddressBlocked(Fatal):
    def __init__(self, vendor: str) -> None:
        super().__init__(
            f"{vendor} answered HTML 403: it has blocked this address. Every worker stops asking it; "
            "its support lifts the block."
        )


class WrongAccount(Fatal):
    def __init__(self, vendor: str, bound: str, seen: str) -> None:
        super().__init__(
            f"the token belongs to {vendor} account {seen}, this integration is bound to {bound}. "
            "Use the token of that account, or add another integration."
        )


class RequestRefused(Fatal):
    def __init__(self, vendor: str, path: str, status: int, detail: str) -> None:
        self.status = status
        super().__init__(f"{vendor} refused {path} (HTTP {status}: {detail})")


class FilterIgnored(Fatal):
    def __init__(self, vendor: str, what: str) -> None:
        super().__init__(f"{vendor} ignored the filter {what}: its answer cannot be believed")


class NotBelievable(Fatal):
    def __init__(self, vendor: str, what: str) -> None:
        super().__init__(
            f"{vendor}'s list cannot be believed: {what}. Nothing was marked, the cursor stays; "
            "it is read again when it is due"
        )


class SyncNeeded(Fatal):
    def __init__(self, resource: str) -> None:
        super().__init__(f"{resource} was never read in full: ponte sync {resource}")


class LostOwnership(PonteError):
    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is owned by another worker now")


class Reject(PonteError):
    """One record cannot become a row."""
