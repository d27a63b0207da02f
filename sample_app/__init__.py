"""A small web service worth scaling: every response says which replica gave it.

Run it with `python -m sample_app`. It listens on 0.0.0.0:$PORT (8000). Routes: `handlers.ROUTES`;
what can be broken on purpose: `switches`.
"""
