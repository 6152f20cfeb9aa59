"""The reports, one declaration each; catalog.py has them in order."""
