"""Every knob of the sandbox in one place: start-up arguments and switches for the doubtful spots.

Where the reference pages are in doubt the default is the page's most likely reading; the comment
names the section. Everything but the first block can be changed while running
(`POST /_sandbox/settings`).
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

FIXED_AT_START = frozenset(
    ("leads", "seed", "months", "tasks", "now", "account_id", "subdomain", "sales", "stores")
)
CHOICES = {
    "merge_losers": ("deleted", "vanish"),
    "stage_change": ("both", "status", "update"),
    "resubscribe": ("replace", "merge"),
    "customers_mode": ("unavailable", "disabled", "segments", "dynamic", "periodicity"),
}


@dataclass
class Options:
    # --- the world, fixed at start
    leads: int = 1000
    seed: int = 7
    months: int = 6
    """How far back sales and other business reach."""
    tasks: int = 0
    """Tasks besides the fixture's."""
    sales: int | None = None
    """Sales of the ERP; None: six for ten leads."""
    stores: int = 2
    """Stores of the ERP; the fixture's two are always there."""
    open_titles: float = 0.02
    """Share of the titles due more than 30 days ago that are seeded open."""
    now: float | None = None
    """Epoch at which the seeded world is built; None = the clock."""

    # --- the clock
    ahead: float = 0.0
    """Seconds by which the sandbox's clock is ahead of the machine's (negative: behind)."""

    # --- whose account it is (two boxes = two accounts whose records have the same ids)
    account_id: int = 31990001
    subdomain: str = "sandbox"
    """Changed by POST /_sandbox/account/rename only."""

    # --- limits and speed (0 = none)
    kommo_limit: int = 7
    gestao_click_limit: int = 3
    gestao_click_daily_limit: int = 30_000
    latency_ms: float = 0.0
    life: float = 0.0
    """Changes per second, on average, over both vendors."""
    lively: bool = False
    """Life does everything that has a name (kommo/acts) besides its usual round."""

    # --- Kommo
    more_kommo_tokens: list[str] = field(default_factory=list)
    """Further valid tokens of the same account (limits are per token and per address)."""
    retry_after: float = 1.0
    """kommo-api.md 3.1: the documented sample says 300; 1 keeps tests quick."""
    html_429: float = 0.0
    """kommo-api.md 3.1: share of 429s with an HTML body."""
    ban_after: int = 0
    """kommo-api.md 3.1: this many 429s within `ban_window` seconds block the address (0 = never)."""
    ban_window: float = 10.0
    ban_seconds: float = 60.0
    cap_limit: bool = False
    """kommo-api.md 4.2: `limit` over 250 is capped silently; default: 422 "Limit 250 per page"."""
    events_page_max: int = 100
    """kommo-api.md 3: 250 on Kommo, 100 in the amoCRM docs."""
    page_max: dict[str, int] = field(default_factory=dict)
    """kommo-api.md 4.2: path -> what the server lowers `limit` to (seen in self.href)."""
    next_always: bool = False
    """kommo-api.md 4.2 (ISS-209): `next` even on a page that is not full."""
    next_missing: list[str] = field(default_factory=list)
    """kommo-api.md 4.2 (ISS-76): path prefixes without `next` although more rows exist."""
    refused: dict[str, int] = field(default_factory=dict)
    """kommo-api.md 3.1: path prefix below /api/v4 -> 402 or 403 (rights, plan)."""
    token_is_admin: bool = True
    """kommo-api.md 9.20: false: /users, /roles and /webhooks answer 403."""
    customers_mode: str = "disabled"
    """kommo-api.md 5.1, 5.8: unless it is one of the last three, /customers answers 402."""
    minor_units: bool = False
    """kommo-api.md 5.5 (S): leads have `price_with_minor_units` too."""
    query_lag: float = 0.0
    """kommo-api.md 4.3: `query` does not find what changed in the last so many seconds."""
    heavy_rows: int = 0
    """kommo-api.md 9.48: `with` and more rows than this is a 504 (0 = never)."""
    enums_as_object: bool = False
    """kommo-api.md 5.13: `enums` as an object keyed by index."""
    lists_as_objects: bool = False
    """kommo-api.md 5: `custom_fields_values` as an object with numeric keys."""
    only_deleted_everywhere: bool = True
    """kommo-api.md 4.4: SDK: leads, contacts, companies; Kommo's docs: leads only."""
    only_deleted_filters: bool = True
    """kommo-api.md 4.4 (?): `only_deleted` obeys `filter[updated_at]`."""
    tasks_order_updated_at: bool = False
    """kommo-api.md 4.3: `order[updated_at]` on tasks is accepted and ignored."""
    link_bumps_updated_at: bool = True
    """kommo-api.md 5.16, 9.10 (I): whether linking moves `updated_at` of the other side too."""
    stage_deletion_bumps: bool = True
    """kommo-api.md 5.4 (I): whether `updated_at` moves when a stage's leads are moved away."""
    late_commits: float = 0.0
    """kommo-api.md 9.7 (I): changes become visible so many seconds after their `updated_at`."""
    deleted_elements_listed: bool = False
    """kommo-api.md 5.15: deleted elements stay in the list with `is_deleted: true`."""
    merge_losers: str = "deleted"
    """kommo-api.md 4.4 (I): "deleted" = in the trash with a *_deleted event, "vanish" = neither."""

    # --- Kommo's OAuth (kommo-api.md 2.2)
    oauth_client_id: str = "0a1b2c3d-0000-4000-8000-00000000c11e"
    oauth_client_secret: str = "sandbox-secret-of-nothing"  # noqa: S105
    oauth_redirect_uri: str = "http://127.0.0.1:3000/oauth/kommo/callback"
    oauth_referer: str = ""
    """What the redirect calls the account's address; "" = the address that was asked."""
    oauth_expires_in: int = 86400

    # --- Kommo's webhooks
    webhook_retry_scale: float = 1.0
    webhook_deadline: float = 2.0
    webhook_delay_ms: float = 0.0
    webhook_concurrency: int = 4
    webhook_disable_after: int = 100
    webhook_disable_window: float = 7200.0
    webhook_lost: float = 0.0
    webhook_twice: float = 0.0
    webhook_jitter_ms: float = 0.0
    """Each delivery waits up to so long besides: they arrive in another order."""
    digital_pipeline_url: str = ""
    """kommo-api.md 6.9: who gets a minimal body at every change of stage."""
    webhook_codes_refused: list[str] = field(default_factory=list)
    """kommo-api.md 6.3: codes that POST /webhooks answers with 400."""
    stage_change: str = "both"
    """kommo-api.md 6.6: a stage change sends "both", "status" or "update"."""
    resubscribe: str = "replace"
    """kommo-api.md 5.21: a second POST of a destination: "replace" or "merge" its settings."""

    # --- Gestão Click
    other_tool: int = 0
    """gestaoclick-api.md 2: requests in 24 hours by another tool of the same company."""
    trade: float = 40.0
    """Acts of a business day (POST /_sandbox/trade)."""
    wrapped: list[str] = field(default_factory=list)
    """gestaoclick-api.md 3: lists whose rows come as {"Venda": {...}}."""
    hide_inactive: bool = False
    """gestaoclick-api.md 6: the default list of clientes hides inactive ones (doubt)."""
    liquidado_filters: bool = False
    """gestaoclick-api.md 4: whether `liquidado` acts (MR4: ignored)."""
    titles_current_month: bool = True
    """gestaoclick-api.md 4: titles without a period answer only the current month."""
    head_office_only: bool = True
    """gestaoclick-api.md 5: without loja_id only the head office answers."""

    def public(self) -> dict[str, Any]:
        return asdict(self)

    def change(self, wanted: dict[str, Any]) -> None:
        """Set several knobs; all or none. Raises ValueError naming the bad one."""
        checked = {name: self._checked(name, value) for name, value in wanted.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def _checked(self, name: str, value: Any) -> Any:
        known = {spec.name for spec in fields(self)}
        if name not in known:
            raise ValueError(f"unknown setting {name!r}")
        if name in FIXED_AT_START:
            raise ValueError(f"{name!r} is fixed at start")
        if name in CHOICES and value not in CHOICES[name]:
            raise ValueError(f"{name!r} is one of {', '.join(CHOICES[name])}")
        current = getattr(self, name)
        if isinstance(current, bool) or isinstance(value, bool):
            return _of_type(name, value, bool)
        if isinstance(current, float):
            return float(_of_type(name, value, (int, float)))
        return _of_type(name, value, type(current))


def _of_type(name: str, value: Any, kind: type | tuple[type, ...]) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{name!r} cannot be {value!r}")
    return value
