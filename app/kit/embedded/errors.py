class EmbeddedServerError(RuntimeError):
    """An embedded server cannot run; the message says in words why, and what to do."""
