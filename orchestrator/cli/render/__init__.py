"""Pure functions: views in, lines of text out."""
