"""The few technical ports: what the hub needs from an engine, and nothing about which engine."""
