"""Broadcasts: written once, sent to each of many people at most once, changed or taken back afterwards."""
