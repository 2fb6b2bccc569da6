"""X5: YAML that is an attack is refused by the one reader of all our files, with file and line, in bounded time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reliability.hostile import HOSTILE, TEXTS, TRIED, in_bounded_time, mappings
from tests.unit.spec.conftest import SOUND

from fs_integration.errors import MappingError
from fs_integration.spec.document import read_document
from fs_integration.spec.error_rules import load_error_rules
from fs_integration.spec.loader import load_connection_set, load_mapping

__all__ = ["mappings"]

RULES = "error_rules:\n  - {text: gone, kind: row}\n"
SET = 'connection_set: own\norganizations:\n  - {legal_entity: "usmf"}\n'
OVERLAY = "mapping: own\nextends: parts\nwritten_for: 1\n"
KINDS = {  # every kind of file people write: where it lies, a sound one, how it is read
    "mapping": ("standard/parts.yaml", SOUND, lambda: load_mapping("parts")),
    "overlay": ("custom/own.yaml", OVERLAY, lambda: load_mapping("own")),
    "connection set": ("connection_sets/own.yaml", SET, lambda: load_connection_set("own")),
    "error rules": ("error_rules.yaml", RULES, lambda: load_error_rules("dataverse")),
}
LAUGHS = "a0: &a0 [lol]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
ATTACKS = {  # what is put before the sound lines, and what the answer says
    "object tag": ('x: !!python/object/apply:os.system ["id"]\n', "tag"),
    "name tag": ("x: !!python/name:os.system\n", "tag"),
    "tag on a key": ("!!python/tuple x: 1\n", "tag"),
    "tag of a plain kind": ('x: !!timestamp "noon"\n', "tag"),
    "tag of another kind": ("x: !!map abc\n", "tag"),
    "aliases without end": (LAUGHS, "alias"),
    "alias of itself": ("x: &x [*x]\n", "alias"),
    "merge key": ("x: {<<: {a: 1}}\n", "<<"),
    "key given twice": ("title: One\ntitle: Two\n", "already given"),
    "deep lists": (f"x: {'[' * 100_000}\n", "inside one another"),
    "deep blocks": ("".join(f"{' ' * n}x:\n" for n in range(300)), "inside one another"),
    "deep keys": (f"{'? ' * 50_000}\n", "inside one another"),
    "huge file": ("# nothing\n" * 200_000, "larger than"),
    "long number": (f"x: {'9' * 5_000}\n", "more than 40 characters"),
    "long number of base 16": (f"x: 0x{'f' * 5_000}\n", "more than 40 characters"),
    "number beyond all numbers": (f"x: {'9' * 400}.0\n", "more than 40 characters"),
    "many unknown words": ("".join(f"frm{n}: 1\n" for n in range(40_000)), "is not a key here"),
    "escape sequence": ('x: "\\e[2J"\n', r"\x1b"),
    "escape sequence in a key": ('"\\e[2J": 1\n', r"\x1b"),
    "two documents": ("a: 1\n---\n", "not readable as YAML"),
}


@pytest.mark.fault("X5")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_on_each_kind_of_file_is_answered_with_file_and_line(attack, kind, mappings, outcome):
    place, sound, read = KINDS[kind]
    (mappings / place).write_text(sound, encoding="utf-8")
    read()
    lines, said = ATTACKS[attack]
    (mappings / place).write_text(lines + sound, encoding="utf-8")
    with in_bounded_time(), pytest.raises(MappingError, match=re.escape(said)) as caught:
        read()
    assert caught.value.file == str(mappings / place)
    assert caught.value.line
    outcome("STOP")


def test_a_file_that_never_ends_is_not_read_to_its_end(tmp_path):
    endless = tmp_path / "endless.yaml"
    endless.symlink_to("/dev/zero")
    with in_bounded_time(), pytest.raises(MappingError, match="larger than"):
        read_document(endless)


def test_whatever_the_text_it_is_read_as_plain_values_or_refused(tmp_path):
    file = tmp_path / "any.yaml"

    @TRIED
    @given(st.lists(TEXTS | st.sampled_from(HOSTILE) | st.sampled_from("!&*[]{}:?-|>'\"%@`\n "), max_size=12))
    def try_text(parts):
        file.write_bytes("".join(parts).encode("utf-8", "surrogatepass"))
        try:
            document = read_document(file)
        except MappingError:
            return
        assert _plain(document.data)

    try_text()


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(type(key) is str and _plain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return value is None or type(value) in (str, int, float, bool)
