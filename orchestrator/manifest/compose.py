"""YAML text → nodes with positions, within caps.

Composes from the parser's events, so that a cap is met before anything is built: an alias
counts as all it stands for, at the cost of none of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Never

import yaml

from orchestrator.manifest.document import FieldPath, Mark, dotted
from orchestrator.manifest.scalars import CORE, Scalar, convert, resolve
from orchestrator.manifest.syntax import explain
from orchestrator.model.errors import Problem
from orchestrator.model.text import quote

MAX_DEPTH: Final = 50
MAX_NODES: Final = 20_000
MAX_PROBLEMS: Final = 50

# libyaml's parser where it is there: about ten times as fast.
_PARSER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE: Final = "<<"


@dataclass(slots=True)
class Node:
    """A composed YAML node. `size` and `height` count it with all below it, aliases expanded."""

    mark: Mark
    value: "Scalar | list[Node] | dict[str, tuple[Mark, Node]]"
    """Each entry of a mapping comes with the place of its key."""
    size: int = 1
    height: int = 1


class StopReadingError(Exception):
    """Nothing more can be read from this file; the reason is among the problems."""


@dataclass(slots=True)
class Composer:
    """Composes one file; what is wrong and lets it go on is collected in `problems`."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    _events: Iterator[Any] = field(default_factory=lambda: iter(()))
    _anchors: dict[str, Node | None] = field(default_factory=dict)
    _count: int = 0

    def documents(self, text: str) -> Iterator[Node]:
        """The root of each document. Raises `StopReadingError` after a problem that ends it."""
        self._events = yaml.parse(text, Loader=_PARSER)
        for event in iter(self._next, None):
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors.clear()
                yield self._node(self._next(), (), 1)

    def _next(self) -> Any:
        try:
            return next(self._events, None)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # Without libyaml, an escape beyond Unicode is one of the latter two.
            mark, message, remedy = explain(error)
            self.stop(mark, (), message, remedy)

    def _node(self, event: Any, path: FieldPath, depth: int) -> Node:
        mark = _mark(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            node = self._alias(str(event.anchor), mark, path)
            self._check_depth(depth + node.height - 1, mark, path)
            return node
        if event.anchor:
            self._anchors[event.anchor] = None
        node = self._content(event, mark, path, depth)
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, mark: Mark, path: FieldPath, depth: int) -> Node:
        self._charge(1, mark, path)
        self._check_depth(depth, mark, path)
        if isinstance(event, yaml.ScalarEvent):
            return Node(mark, self._scalar(event, mark, path))
        is_list = isinstance(event, yaml.SequenceStartEvent)
        if event.tag not in (None, "!", CORE + ("seq" if is_list else "map")):
            self._refuse_tag(event.tag, mark, path)
        compose = self._sequence if is_list else self._mapping
        return compose(mark, path, depth)

    def _alias(self, anchor: str, mark: Mark, path: FieldPath) -> Node:
        node = self._anchors.get(anchor)
        if node is None:
            why = "stands inside itself" if anchor in self._anchors else "is not defined"
            self.stop(mark, path, f"the alias {quote('*' + anchor)} {why}", "write its value out")
        self._charge(node.size, mark, path)
        return Node(mark, node.value, node.size, node.height)

    def _scalar(self, event: Any, mark: Mark, path: FieldPath) -> Scalar:
        text: str = event.value
        if event.tag is None:
            return resolve(text) if event.implicit[0] else text
        try:
            return convert(text, event.tag)
        except KeyError:
            self._refuse_tag(event.tag, mark, path)
        except ValueError:
            self.add(mark, path, f"{quote(text)} is no {_shown(event.tag)}", "remove the tag")
        return None

    def _sequence(self, mark: Mark, path: FieldPath, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return _parent(mark, items, items)

    def _mapping(self, mark: Mark, path: FieldPath, depth: int) -> Node:
        entries: dict[str, tuple[Mark, Node]] = {}
        sources: list[Node] = []
        children: list[Node] = []
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, path, depth + 1)
            name = self._key_text(key, path)
            node = self._node(self._next(), (*path, name), depth + 1)
            children += (key, node)
            if name == _MERGE and getattr(event, "implicit", (False,))[0]:
                sources += self._merge_sources(node, (*path, name))
            elif name in entries:
                first = entries[name][0].line
                found = f"the key {quote(name)} is given twice, first in line {first}"
                self.add(key.mark, (*path, name), found, "keep one of them")
            else:
                entries[name] = (key.mark, node)
        for source in sources:
            for name, entry in _entries(source).items():
                entries.setdefault(name, entry)
        return _parent(mark, entries, children)

    def _key_text(self, key: Node, path: FieldPath) -> str:
        if isinstance(key.value, str):
            return key.value
        found = f"found {_found(key)} as a key, expected a text"
        self.add(key.mark, path, found, "put it in quotes")
        return _found(key)

    def _merge_sources(self, node: Node, path: FieldPath) -> list[Node]:
        sources = node.value if isinstance(node.value, list) else [node]
        if all(isinstance(source.value, dict) for source in sources):
            return sources
        found = f"found {_found(node)}, expected a mapping to merge or a list of such"
        self.add(node.mark, path, found, "write <<: *anchor")
        return []

    def _charge(self, size: int, mark: Mark, path: FieldPath) -> None:
        self._count += size
        if self._count > MAX_NODES:
            found = f"more than {MAX_NODES:,} values in one file, each alias counted in full"
            self.stop(mark, path, found, "split the file, or repeat less")

    def _check_depth(self, depth: int, mark: Mark, path: FieldPath) -> None:
        if depth > MAX_DEPTH:
            # The path would be as deep as the nesting: the place says enough.
            self.stop(mark, path[:1], f"is nested deeper than {MAX_DEPTH} levels", "flatten it")

    def _refuse_tag(self, tag: str, mark: Mark, path: FieldPath) -> None:
        found = f"the tag {quote(_shown(tag))} is refused, expected a plain YAML value"
        self.add(mark, path, found, "remove the tag")

    def stop(self, mark: Mark, path: FieldPath, message: str, remedy: str) -> Never:
        """Notes the problem and ends the reading of this file."""
        self.add(mark, path, message, remedy)
        raise StopReadingError

    def add(self, mark: Mark, path: FieldPath, message: str, remedy: str) -> None:
        """Notes the problem; ends the reading where there are too many."""
        problem = Problem(self.file, mark.line, mark.column, dotted(path), message, remedy)
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            raise StopReadingError


def _parent(mark: Mark, value: Any, children: list[Node]) -> Node:
    size = 1 + sum(child.size for child in children)
    return Node(mark, value, size, 1 + max((child.height for child in children), default=0))


def _entries(node: Node) -> dict[str, tuple[Mark, Node]]:
    return node.value if isinstance(node.value, dict) else {}


def _found(node: Node) -> str:
    return quote(node.value)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line + 1, mark.column + 1)


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(CORE) if tag.startswith(CORE) else tag
