"""Refunds and disputes: what they take back of what an order gave."""
