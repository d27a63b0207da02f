"""One module per command, or per small group of alike ones. Heavy imports happen inside."""
