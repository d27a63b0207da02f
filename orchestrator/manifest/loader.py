"""Bytes of one file → its YAML documents as plain data with positions."""

import re
from pathlib import Path
from typing import Final

from orchestrator.manifest.compose import Composer, Node, StopReadingError
from orchestrator.manifest.document import Document, FieldPath, Mark
from orchestrator.model.errors import Problem
from orchestrator.model.text import quote

MAX_BYTES: Final = 2**20
# What YAML 1.2 lets stand in a file (production c-printable), less the byte order mark.
_UNPRINTABLE = re.compile(
    "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def load_documents(content: bytes, file: str, base: Path) -> tuple[list[Document], list[Problem]]:
    """All documents that can be read, and all problems met. Empty documents are skipped, but
    a file of nothing else is a problem."""
    composer = Composer(file)
    documents: list[Document] = []
    try:
        for root in composer.documents(_text(content, composer)):
            if root.value is not None:
                documents.append(_document(root, file, base))
        if not documents and not composer.problems:
            remedy = "write a document with kind: Service or kind: Node"
            composer.stop(_NOWHERE, (), "is empty, expected a manifest", remedy)
    except StopReadingError:
        pass
    return documents, composer.problems


_NOWHERE: Final = Mark(0, 0)


def _text(content: bytes, composer: Composer) -> str:
    if len(content) > MAX_BYTES:
        found = f"is larger than {MAX_BYTES // 2**20} MiB"
        composer.stop(_NOWHERE, (), found, "split it into several files")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"found the byte 0x{content[error.start]:02x}, expected UTF-8 text"
        before = content[: error.start].decode("utf-8", "replace")
        composer.stop(_end_of(before), (), found, "save the file as UTF-8")
    if match := _UNPRINTABLE.search(text):
        found = f"found the control character {quote(match[0])}, expected plain text"
        composer.stop(_end_of(text[: match.start()]), (), found, "remove it")
    return text


def _end_of(before: str) -> Mark:
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _document(root: Node, file: str, base: Path) -> Document:
    values: dict[FieldPath, Mark] = {}
    keys: dict[FieldPath, Mark] = {}

    def plain(node: Node, path: FieldPath) -> object:
        values[path] = node.mark
        if isinstance(node.value, list):
            return [plain(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node.value, dict):
            keys.update({(*path, key): mark for key, (mark, _) in node.value.items()})
            return {key: plain(item, (*path, key)) for key, (_, item) in node.value.items()}
        return node.value

    return Document(file, base, plain(root, ()), values, keys)
