"""One inbox a person, for the bot and the Mini App: what happened, which of it he wants to hear of, and when."""
