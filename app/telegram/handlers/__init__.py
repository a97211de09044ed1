"""What the bots themselves do with updates, a file a subject; each offers `router()`."""
