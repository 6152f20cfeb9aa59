"""Everything that can happen in the shop, by name: `sales.cancel`, `titles.undo`."""

from sandbox.gestao_click.acts import documents, invoices, purchases, registers, sales, titles
from sandbox.gestao_click.acts.turn import Act

DECK: dict[str, tuple[Act, int]] = {
    "sales.sell": (sales.sell, 16),
    "sales.edit": (sales.edit, 3),
    "sales.resplit": (sales.resplit, 2),
    "sales.cancel": (sales.cancel, 2),
    "sales.conclude": (sales.conclude, 2),
    "sales.note": (sales.note, 2),
    "sales.move": (sales.move, 1),
    "sales.delete": (sales.delete, 1),
    "titles.pay_due": (titles.pay_due, 8),
    "titles.pay_late": (titles.pay_late, 6),
    "titles.pay_ahead": (titles.pay_ahead, 2),
    "titles.pay_backdated": (titles.pay_backdated, 2),
    "titles.undo": (titles.undo, 2),
    "titles.postpone": (titles.postpone, 2),
    "titles.predate": (titles.predate, 1),
    "titles.adjust": (titles.adjust, 2),
    "titles.revalue": (titles.revalue, 1),
    "titles.rebook": (titles.rebook, 3),
    "titles.delete": (titles.delete, 1),
    "titles.new": (titles.new, 5),
    "orders.open": (documents.open_order, 2),
    "orders.advance": (documents.advance_order, 3),
    "orders.note": (documents.note_order, 1),
    "orders.cancel": (documents.cancel_order, 1),
    "quotes.write": (documents.write_quote, 2),
    "quotes.decide": (documents.decide_quote, 2),
    "documents.delete": (documents.delete, 1),
    "purchases.buy": (purchases.buy, 2),
    "purchases.confirm": (purchases.confirm, 2),
    "purchases.cancel": (purchases.cancel, 1),
    "invoices.issue": (invoices.issue, 3),
    "invoices.decide": (invoices.decide, 2),
    "clients.new": (registers.new_client, 2),
    "clients.edit": (registers.edit_client, 2),
    "clients.delete": (registers.delete_client, 1),
    "suppliers.edit": (registers.edit_supplier, 1),
    "products.edit": (registers.edit_product, 3),
    "products.delete": (registers.delete_product, 1),
    "catalogues.rename": (registers.rename, 1),
}
"""Name -> the act, and how many cards of the deck it has (business.py)."""


def described() -> dict[str, str]:
    """Name -> what its function says of itself."""
    return {name: (act.__doc__ or "").strip() for name, (act, _) in DECK.items()}
