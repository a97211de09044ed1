"""Requests that people leave: who, by which number, what about."""
