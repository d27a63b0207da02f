"""The soak: mixed traffic for long, while what is behind the proxy is killed and rolled."""
