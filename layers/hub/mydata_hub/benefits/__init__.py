"""Benefits: coupons that count once, and points and stamps that are earned without being asked."""
