"""Insights: the claim catalogue and the folds behind it."""
