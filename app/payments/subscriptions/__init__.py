"""Subscriptions: their terms, agreements with providers, renewals, grace and fair use."""
