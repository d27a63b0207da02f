"""Coverage-guided fuzzing of the parsers: `python -m tests.fuzz [SECONDS]` (`make fuzz`).

Exit code 0 if nothing was found; an input that breaks a promise is written to `crash-…`.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["orchestrator", "tests.fuzz.targets"]):
    from tests.fuzz import targets

SECONDS = "600"


def main() -> None:
    """Fuzz for a time."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder) / "corpus", Path(folder) / "words"
        corpus.mkdir()
        for number, word in enumerate(targets.DICTIONARY):
            for target in range(len(targets.TARGETS)):
                (corpus / f"{target}-{number}").write_bytes(bytes((target, 1)) + word + b"\r\n")
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in targets.DICTIONARY))
        options = [f"-max_total_time={seconds}", f"-dict={words}", "-max_len=600", "-timeout=10"]
        atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(corpus)], targets.fuzz)
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


main()
