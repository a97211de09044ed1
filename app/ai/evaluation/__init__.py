"""Scores interpretations against what a reading promises: cases, checks, and a report."""
