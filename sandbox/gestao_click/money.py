"""Money as the ERP writes it: strings, 2 or 4 decimals, cents on the last instalment."""


def cents(amount: int) -> str:
    """12345 -> "123.45"."""
    sign, amount = ("-", -amount) if amount < 0 else ("", amount)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


def parts(amount: int) -> str:
    """Ten-thousandths: 999000 -> "99.9000"."""
    return f"{amount // 10_000}.{amount % 10_000:04d}"


def to_cents(text: object) -> int:
    """ "123.45" -> 12345; "" and null are 0; further decimals are cut."""
    plain = str(text or "0")
    whole, _, rest = plain.removeprefix("-").partition(".")
    amount = int(whole or 0) * 100 + int(f"{rest}00"[:2])
    return -amount if plain.startswith("-") else amount


def instalments(total: int, count: int) -> list[int]:
    """33.33 + 33.33 + 33.34: the rounding cent goes to the last (gestaoclick-api.md 7)."""
    each = total // count
    return [each] * (count - 1) + [total - each * (count - 1)]
