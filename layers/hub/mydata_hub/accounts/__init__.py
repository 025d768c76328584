"""Accounts: people and staff, their passkeys, sessions, recovery and notices."""
