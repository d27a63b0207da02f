"""`python -m orchestrator`, and the console script `orch`."""

from orchestrator.cli.app import run


def main() -> None:
    """Run the command line; does not return."""
    run()


if __name__ == "__main__":
    main()
