"""Acceptance: one signature discloses what is listed, and the partner hears of it by the day."""
