"""Pages: what people, auditors and operators see, and the guards before every route."""
