"""Buying, subscriptions, gifts and what Telegram tells of money, in the chat."""
