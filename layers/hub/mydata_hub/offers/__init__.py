"""Offers: what partners publish, a vault matches in silence, and a person accepts by signing."""
