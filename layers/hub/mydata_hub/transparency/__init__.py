"""Transparency: the events that the access log is made of."""
