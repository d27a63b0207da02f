"""`orch pack`: what is to be packed, and the methods that pack it."""
