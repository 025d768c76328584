"""Consent: the grant and its lifecycle."""
