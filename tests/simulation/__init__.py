"""Seeded simulations of the whole controller, with faults: `python -m tests.simulation --help`."""
