"""Rotation: the secrets of vaults are wrapped, renewed or given up, one vault after the other."""
