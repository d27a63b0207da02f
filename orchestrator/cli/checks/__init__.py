"""What `orch doctor` looks at: each check yields findings, good or bad, and changes nothing."""
