"""`orch sim`: studies and their reports."""
