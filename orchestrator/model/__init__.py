"""Pure data: quantities, specs, states, plans, errors. No I/O, no clock, no decisions."""
