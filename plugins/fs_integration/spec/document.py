"""Read a YAML file strictly: plain values, the line of every key, and an answer for each of YAML's surprises.

YAML reads ``NO`` as false, ``00123`` as 83 and ``12:30`` as 750. Warehouse and company ids look like that, so such a
value without quotes is refused, not guessed (docs/mapping-reference.md, "Writing values").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

import yaml

from fs_integration.errors import MappingError
from fs_integration.plain_text import acting_character

KeyPath = tuple[str | int, ...]

LOADER = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # libyaml, where PyYAML was built with it, reads ten times faster

_PREFIX = "tag:yaml.org,2002:"
_PLAIN = {"str", "int", "float", "bool", "null", "seq", "map", "timestamp"}
_WHOLE = re.compile(r"[+-]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[+-]?[0-9]+\.[0-9]+")
_QUOTES = "Put quotes around it"
# Far beyond what people write; a file within them is read in about a second.
MOST_BYTES = 1024 * 1024
DEEPEST = 40  # blocks inside one another
LONGEST_NUMBER = 40  # characters


@dataclass(frozen=True)
class Document:
    """A file as read, or two that were put together.

    :param file: path as the user knows it; :param data: plain values; :param lines: key path -> line, 1-based.
    :param files: key path -> file, for lines of another file than ``file``.
    """

    file: str
    data: dict[str, Any]
    lines: dict[KeyPath, int] = field(repr=False)
    files: dict[KeyPath, str] = field(default_factory=dict, repr=False)

    def place(self, path: KeyPath) -> tuple[str, int]:
        """Return file and line of a key path, or of its nearest parent that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.files.get(path, self.file), self.lines.get(path, 1)

    def error(self, path: KeyPath, message: str, suggestion: str = "") -> MappingError:
        """Return an error about the value at a key path; in a line of another file, with a word about this one."""
        file, line = self.place(path)
        if file != self.file:
            suggestion = f"{suggestion} The cause may be in `{self.file}`, which extends this file.".strip()
        return MappingError(message, file=file, line=line, key_path=spelled(path), suggestion=suggestion)


def spelled(path: KeyPath) -> str:
    """Return a key path as text, for example ``tasks[0].fields[2].value_map``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(file: Path) -> Document:
    """Read one YAML file.

    :raises MappingError: the file cannot be read, is not YAML, or says something that YAML would silently change.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise MappingError(f"The file cannot be read as UTF-8 text: {exc}.", file=str(file)) from exc
    if len(content) > MOST_BYTES:
        message = f"The file is larger than {MOST_BYTES:,} bytes, more than any list of rules that people keep."
        raise MappingError(message, file=str(file), line=1, suggestion="Take out what is not needed.")
    return _Reader(str(file)).read(text)


class _Reader:
    """Turns the nodes of one file into plain values."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self._tags: dict[int, str] = {}  # place in the text -> tag; a node does not know whether its tag was written
        self._constructor = yaml.constructor.SafeConstructor()

    def read(self, text: str) -> Document:
        try:
            self._check_form(text)
            root = yaml.compose(text, Loader=LOADER)
        except yaml.MarkedYAMLError as exc:
            mark = exc.problem_mark or exc.context_mark
            problem = f"This is not readable as YAML: {exc.problem or exc.context}."
            hint = "Check indentation, brackets and quotes in and above this line."
            raise MappingError(problem, file=self.file, line=mark.line + 1 if mark else 0, suggestion=hint) from exc
        except yaml.YAMLError as exc:
            raise MappingError(f"This is not readable as YAML: {exc}.", file=self.file) from exc
        if not isinstance(root, yaml.MappingNode):
            raise MappingError("The file must consist of `key: value` lines.", file=self.file, line=1)
        return Document(self.file, self._value(root, ()), self.lines)

    def _check_form(self, text: str) -> None:
        """Look at the file event by event, before nodes are built of it: that ends the process at very deep nesting."""
        depth = 0
        for event in yaml.parse(text, Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
            mark = cast("yaml.Mark", event.start_mark)
            if depth > DEEPEST:
                message = f"Here are more than {DEEPEST} blocks or lists inside one another."
                raise MappingError(
                    message, file=self.file, line=mark.line + 1, suggestion="Check indentation and brackets."
                )
            if anchor is not None:
                message = f"`{anchor}` is a YAML anchor or alias; mapping files do not use them."
                hint = "Write the value out, or use `value_maps`."
                raise MappingError(message, file=self.file, line=mark.line + 1, suggestion=hint)
            if tag is not None:
                self._tags[mark.index] = tag

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._refuse_tag(node, path)
        if node.tag.removeprefix(_PREFIX) not in _PLAIN:
            self._fail(node, path, f"YAML reads this as `{node.tag.removeprefix(_PREFIX)}`.", f"{_QUOTES}.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, position)) for position, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _refuse_tag(self, node: yaml.Node, path: KeyPath) -> None:
        tag = self._tags.get(node.start_mark.index)
        if tag is not None:
            self._fail(node, path, f"The YAML tag `{tag}` is not used in mapping files.", "Write a plain value.")

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        self.lines[path] = node.start_mark.line + 1
        return self._value(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key in values:
                first = self.lines[*path, key]
                self._fail(
                    key_node, (*path, key), f"This key is already given in line {first}.", "Keep one of the two."
                )
            self.lines[*path, key] = key_node.start_mark.line + 1
            values[key] = self._value(value_node, (*path, key))
        return values

    def _key(self, node: yaml.Node, path: KeyPath) -> str:
        self._refuse_tag(node, path)
        if node.tag == f"{_PREFIX}merge":
            self._fail(node, path, "`<<` is not used in mapping files.", "Write the keys out.")
        value = self._scalar(node, path) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(value, str):
            shown = node.value if isinstance(node, yaml.ScalarNode) else "this"
            self._fail(node, path, f"The key `{shown}` is not text.", f'{_QUOTES}: `"{shown}"`.')
        return value

    def _scalar(self, node: yaml.Node, path: KeyPath) -> Any:
        acting = acting_character(node.value)
        if acting:
            message = f"This holds the character `{acting}`, which nobody sees and which acts on what shows it."
            self._fail(node, path, message, "Take it out.")
        if not getattr(node, "style", None):
            self._refuse_surprise(node, path, node.tag.removeprefix(_PREFIX))
        return self._constructor.construct_object(node, deep=True)

    def _refuse_surprise(self, node: yaml.Node, path: KeyPath, kind: str) -> None:
        text = node.value
        quoted = f'{_QUOTES} when the text is meant: `"{text}"`.'
        if kind == "bool" and text not in ("true", "false"):
            meant = "true" if text.lower() in ("yes", "on", "true") else "false"
            self._fail(
                node, path, f"YAML reads `{text}` as {meant}.", f"{quoted} Write `{meant}` when yes or no is meant."
            )
        if kind in ("int", "float") and len(text) > LONGEST_NUMBER:
            self._fail(
                node, path, f"This number has more than {LONGEST_NUMBER} characters.", f"{_QUOTES} when text is meant."
            )
        if kind == "int" and not _WHOLE.fullmatch(text):
            number = self._constructor.construct_object(node)
            self._fail(node, path, f"YAML reads `{text}` as the number {number}.", quoted)
        if kind == "float" and not _DECIMAL.fullmatch(text):
            self._fail(
                node, path, f"YAML reads `{text}` as a number.", f"{quoted} Write it with a decimal point when not."
            )
        if kind == "timestamp":
            self._fail(node, path, f"YAML reads `{text}` as a date.", f'{_QUOTES}: `"{text}"`.')

    def _fail(self, node: yaml.Node, path: KeyPath, message: str, suggestion: str) -> NoReturn:
        line = node.start_mark.line + 1
        raise MappingError(message, file=self.file, line=line, key_path=spelled(path), suggestion=suggestion)
