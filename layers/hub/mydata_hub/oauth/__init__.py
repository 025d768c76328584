"""The authorization server: FAPI 2.0 with DPoP and grant management, over consent's grants."""
