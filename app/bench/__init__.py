"""`python -m app bench`: what the product costs, measured side by side on this machine. See `cli.py`."""
