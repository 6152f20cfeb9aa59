"""Business days: what a shop does in a day, in moments that a test can step through.

The acts are drawn from a deck, shuffled anew when it is used up, so that every act has its turn
every two or three days. The same seed and the same clock make the same history.
"""

from collections import Counter
from random import Random

from sandbox.gestao_click.actions import GestaoClickActions
from sandbox.gestao_click.acts import DECK
from sandbox.gestao_click.acts.turn import Done, NothingToDo, Turn
from sandbox.records import Json, Key
from sandbox.world import World

DAY = 86400.0
CARDS = [name for name, (_, count) in DECK.items() for _ in range(count)]


class Trade:
    def __init__(self, world: World, actions: GestaoClickActions) -> None:
        self.world = world
        self.actions = actions
        self.drawn = 0
        """Cards, ever."""
        self.credit = 0.0
        """Part of an act that is still to come."""

    def day(self, of: int = 6, *, advance: bool = True) -> dict[str, int]:
        """A whole day; how often each act was done."""
        done: Counter[str] = Counter()
        for _ in range(of):
            done.update(self.moment(of, advance=advance))
        return dict(done)

    def moment(self, of: int = 6, *, advance: bool = True) -> dict[str, int]:
        """One of so many moments of a day: the clock moves on, then its share of acts is done."""
        if of < 1:
            raise ValueError("a day has one moment at least")
        with self.world.lock:
            if advance:
                self.world.set_clock(self.world.clock() + DAY / of)
            self.credit += self.world.options.trade / of
            due, self.credit = int(self.credit), self.credit % 1
            return dict(Counter(name for name in (self.once() for _ in range(due)) if name))

    def once(self) -> str:
        """The next card that can be played; "" when none of a whole deck can."""
        with self.world.lock:
            for _ in CARDS:
                name = self._draw()
                if self._tried(name, Random(f"{self.world.options.seed}/{self.drawn}")):
                    return name
        return ""

    def do(
        self, name: str, key: Key | None = None, titles: str = "", rng: Random | None = None
    ) -> Done:
        """{list: ids touched}; {} when there is nothing to do it to. `titles`: the list meant."""
        if name not in DECK:
            raise KeyError(f"no act {name!r}; see GET /_sandbox/trade")
        act, _ = DECK[name]
        with self.world.lock:
            chance = rng or Random(f"{self.world.options.seed}/{name}/{self.world.tick()}")
            try:
                return act(Turn(self.actions, chance, key, titles))
            except NothingToDo:
                return {}

    def kept(self) -> Json:
        """For the state file."""
        return {"drawn": self.drawn, "credit": self.credit}

    def resume(self, kept: Json) -> None:
        self.drawn, self.credit = kept.get("drawn", 0), kept.get("credit", 0.0)

    def _draw(self) -> str:
        round_, place = divmod(self.drawn, len(CARDS))
        deck = Random(f"{self.world.options.seed}/deck/{round_}").sample(CARDS, len(CARDS))
        self.drawn += 1
        return deck[place]

    def _tried(self, name: str, rng: Random) -> bool:
        act, _ = DECK[name]
        try:
            return bool(act(Turn(self.actions, rng)))
        except NothingToDo:
            return False
