"""Load on a service: k6 makes it, the proxy's counters say where it went."""
