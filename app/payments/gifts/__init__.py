"""Gifts: bought by one, redeemed once by another."""
