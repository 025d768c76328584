"""The embedded engine: SQLite, disk and local keys, and the gateway that runs template.yaml."""
