"""Offers: what partners publish and a vault matches in silence."""
