"""The narrated run of `orch demo`. Every number that it tells is measured while it runs."""
