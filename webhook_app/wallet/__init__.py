"""The wallet: bank accounts, receivables and payables out of the mirror, and what people enter (docs/wallet.md)."""

from webhook_app.wallet import entered, reports, wallets

APIS = (wallets.api, reports.api, entered.api)

__all__ = ["APIS"]
