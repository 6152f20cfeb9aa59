"""Everything that can happen in a Kommo account, by name: `leads.move`, `notes.add`, `fields.rename`.

Each is done to the ids that are given, or to records drawn from one generator: the same seed and
the same calls make the same history.
"""

from collections.abc import Sequence
from random import Random

from sandbox.kommo.actions import KommoActions
from sandbox.kommo.acts import incoming, linking, records, setup, work
from sandbox.kommo.acts.turn import Act, Done, NothingToDo, Turn
from sandbox.kommo.held import Held
from sandbox.records import Json, Key

ACTS: dict[str, Act] = {
    name: act
    for part in (records, linking, work, incoming, setup)
    for name, act in part.acts()
}  # fmt: skip
SILENT = ("notes.edit", "notes.delete", "fields.", "stages.", "pipelines.", "tags.", "users.")
"""No webhook exists for these (6.3)."""
UNSTAMPED = ("fields.rename", "fields.retype", "fields.remove", "tags.rename")
"""These change records without moving their `updated_at` (9.10); so does linking, by option."""


class Acts:
    def __init__(self, actions: KommoActions) -> None:
        self.actions = actions
        self.held = Held(actions.world)
        self.rng = Random(actions.world.options.seed + 6)

    def do(
        self,
        name: str,
        ids: Sequence[Key] = (),
        fields: Json | None = None,
        *,
        silent: bool = False,
        by: int | None = None,
        late: float = 0.0,
        visible_after: float = 0.0,
        rng: Random | None = None,
    ) -> Done:
        """{list: ids touched}; {} when there was nothing to do it to.

        `late`: it becomes visible and is told now, stamped with an older second; `visible_after`:
        it is told now and becomes visible later.
        """
        if name not in ACTS:
            raise KeyError(f"no action {name!r}; see GET /_sandbox/actions")
        turn = Turn(self.actions, rng or self.rng, tuple(ids), fields or {}, silent)
        with self.held.holding(visible_after), self.actions.world.acting(by, late):
            try:
                return ACTS[name](turn)
            except NothingToDo:
                return {}

    def walk(self, steps: int, names: Sequence[str] = (), seed: int | None = None) -> list[Json]:
        """So many actions at random, of these names (none: of all)."""
        rng = self.rng if seed is None else Random(seed)
        chosen = list(names) or list(ACTS)
        done = []
        for _ in range(steps):
            name = rng.choice(chosen)
            done.append({"action": name, "did": self.do(name, rng=rng)})
        return done


def described() -> dict[str, str]:
    """Name -> what its function says of itself, and how the world tells of it."""
    return {name: _about(name, act) for name, act in sorted(ACTS.items())}


def _about(name: str, act: Act) -> str:
    inner = getattr(act, "func", act)
    first = (inner.__doc__ or "").strip().partition("\n")[0]
    told = "no webhook" if name.startswith(SILENT) else "webhook"
    stamped = "updated_at stays" if name in UNSTAMPED else ""
    return "; ".join(part for part in (first, told, stamped) if part)
