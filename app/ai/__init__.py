"""Interpretations: safety first, then the operator's model, and without one the deck's own words."""
