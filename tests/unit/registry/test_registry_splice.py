"""An edit changes its field's lines, and no byte of any other line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labeille.registry.edit import FieldEdit, Operation, edit_document
from labeille.registry.problems import RegistryFileError
from labeille.registry.splice import Document

PATH = Path("registry/packages/demo.yaml")


def edited(text: str | bytes, operation: Operation, field: str, **more: Any) -> str | None:
    data = text if isinstance(text, bytes) else text.encode()
    after = edit_document(Document(data, PATH), FieldEdit(operation=operation, field=field, **more))
    return None if after is None else after.decode()


def set_timeout(text: str) -> str | None:
    return edited(text, Operation.SET, "timeout", value=900)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("package: demo\ntimeout: 600\n", "package: demo\ntimeout: 900\n"),
        ("package: demo\ntimeout: null", "package: demo\ntimeout: 900"),
        ("package: demo\ntimeout:\nskip: no\n", "package: demo\ntimeout: 900\nskip: no\n"),
        ("package: demo\ntimeout:   # slow\n", "package: demo\ntimeout: 900   # slow\n"),
        ("package: demo\ntimeout:    600\t# slow\n", "package: demo\ntimeout:    900\t# slow\n"),
        ("package: demo\r\ntimeout: 600\r\nx: 1\r\n", "package: demo\r\ntimeout: 900\r\nx: 1\r\n"),
        ("\ufeffpackage: demo\ntimeout: 1\n", "\ufeffpackage: demo\ntimeout: 900\n"),
        ("# é 😀\npackage: demo\ntimeout: 1 # ü", "# é 😀\npackage: demo\ntimeout: 900 # ü"),
        ("package: demo\n'timeout' : !!int \"1\"\n", "package: demo\n'timeout' : 900\n"),
        ("package: demo\ntimeout:\n  600 # c\nx: y\n", "package: demo\ntimeout: 900 # c\nx: y\n"),
        ("package: demo\ntimeout: # a\n  600\n", "package: demo\ntimeout: 900 # a\n"),
        ("? package\n: demo\n? timeout\n: 600\n", "? package\n: demo\n? timeout\n: 900\n"),
        ("  package: demo\n  timeout: 6\n", "  package: demo\n  timeout: 900\n"),
        ("---\npackage: demo\ntimeout: 6\n...\n", "---\npackage: demo\ntimeout: 900\n...\n"),
        # equal already, however it is written
        ("package: demo\ntimeout: 900 # as it is\n", None),
        ("package: demo\ntimeout: !!int 900\n", None),
    ],
)
def test_a_number_is_replaced(before: str, after: str | None) -> None:
    assert set_timeout(before) == after


NOTES = [
    ("plain", ""),
    ("folded by a writer that breaks long\n  lines, over three\n  of them", ""),
    ("'single ''quoted''\n\n  over lines' # c", " # c"),
    ('"double\\\n  quoted\\n"', ""),
    ("|\n  literal\n\n  # no comment", ""),
    ("|+\n  keeps\n", ""),
    (">-  # why\n  folded\n   more\n\n  text", " # why"),
    ("|2-\n    indented\n  less", ""),
    ("&anchor !!str |\n  text", ""),
    ("|", ""),
]
TAILS = ["# about the next\nenriched: true\n", "enriched: true"]


@pytest.mark.parametrize(("notes", "comment"), NOTES)
@pytest.mark.parametrize("tail", TAILS)
def test_text_over_many_lines_is_one_value(notes: str, comment: str, tail: str) -> None:
    head = "package: demo # c\n"
    before = f"{head}notes: {notes}\n{tail}"
    assert edited(before, Operation.REMOVE, "notes") == head + tail
    after = edited(before, Operation.SET, "notes", value="new")
    assert after == f"{head}notes: new{comment}\n{tail}"
    after = edited(before, Operation.SET, "timeout", value=1, after="notes")
    assert after == f"{head}notes: {notes}\ntimeout: 1\n{tail}"


@pytest.mark.parametrize(("notes", "comment"), NOTES)
def test_the_last_value_of_a_file(notes: str, comment: str) -> None:
    for end in ("\n", ""):
        before = f"package: demo\nnotes: {notes}{end}"
        assert edited(before, Operation.REMOVE, "notes") == "package: demo\n"
        after = edited(before, Operation.SET, "notes", value="new")
        # a last blank line that belongs to a value is its end, too
        assert after is not None
        assert after.rstrip("\n") == f"package: demo\nnotes: new{comment}"
        assert after.endswith("\n") is before.endswith("\n")


def test_blank_lines_are_nobodys_but_where_a_value_keeps_them() -> None:
    text = "package: demo\nnotes: {}\n  x\n\n\n# c\nenriched: true\n"
    after = edited(text.format("|"), Operation.REMOVE, "notes")
    assert after == "package: demo\n\n\n# c\nenriched: true\n"
    after = edited(text.format("|+"), Operation.REMOVE, "notes")
    assert after == "package: demo\n# c\nenriched: true\n"


@pytest.mark.parametrize(
    ("field", "value", "before", "after"),
    [
        ("env", {}, "package: demo\nenv:\n  A: b # x\n  C: d\n\n# c\nskip: no\n",
         "package: demo\nenv: {}\n\n# c\nskip: no\n"),
        ("env", {"A": "yes"}, "package: demo\nenv: # why\n  A: b\n",
         "package: demo\nenv: {A: 'yes'} # why\n"),
        ("env", {"A": "b, c"}, "package: demo\nenv: {X: y,\n  Z: w} # c\n",
         "package: demo\nenv: {A: 'b, c'} # c\n"),
        ("python_versions", ["3.10"], "package: demo\npython_versions:\n- '3.9'\n# c\n- x # d\n",
         "package: demo\npython_versions: ['3.10'] # d\n"),
        ("skip_versions", {"3.15": "why"},
         "package: demo\nskip_versions:\n  '3.9': |\n    a\n    # b\n\n  # c\nnotes: x\n",
         "package: demo\nskip_versions: {'3.15': why}\n\n  # c\nnotes: x\n"),
        ("env", {}, "package: demo\nbase: &b {A: x}\nenv:\n  <<: *b\n  # c\nskip: no\n",
         "package: demo\nbase: &b {A: x}\nenv: {}\n  # c\nskip: no\n"),
    ],
)  # fmt: skip
def test_collections_are_replaced_whole(field: str, value: object, before: str, after: str) -> None:
    assert edited(before, Operation.SET, field, value=value) == after


@pytest.mark.parametrize(
    ("text", "field", "after", "expected"),
    [
        ("package: demo\nnotes: x\n", "timeout", None, "package: demo\ntimeout: 1\nnotes: x\n"),
        ("package: demo\nskip: no\n", "owner", None, "package: demo\nskip: no\nowner: 1\n"),
        ("package: demo\nskip: no", "owner", None, "package: demo\nskip: no\nowner: 1"),
        ("package: demo\r\nx: 1", "owner", None, "package: demo\r\nx: 1\r\nowner: 1"),
        ("package: demo\r\nx: 1\r\n", "timeout", None, "package: demo\r\ntimeout: 1\r\nx: 1\r\n"),
        ("package: demo\nx: 1\ny: 2\n", "owner", "x", "package: demo\nx: 1\nowner: 1\ny: 2\n"),
        ("package: demo\nx: 1\n", "owner", "y", "package: demo\nx: 1\nowner: 1\n"),
        ("package: demo\nrepo: a\n  b\n\n# c\nx: 1\n", "timeout", None,
         "package: demo\nrepo: a\n  b\ntimeout: 1\n\n# c\nx: 1\n"),
        ("package: demo\nenv:\n  A:\n  # c\nx: 1\n", "owner", "env",
         "package: demo\nenv:\n  A:\nowner: 1\n  # c\nx: 1\n"),
        ("  package: demo\n  x: 1\n", "owner", None, "  package: demo\n  x: 1\n  owner: 1\n"),
        ("---\npackage: demo\n...\n", "owner", None, "---\npackage: demo\nowner: 1\n...\n"),
        ("package: demo\nowner: 2\n", "owner", None, None),
    ],
)  # fmt: skip
def test_a_new_field_gets_its_place(
    text: str, field: str, after: str | None, expected: str | None
) -> None:
    assert edited(text, Operation.ADD, field, value=1, after=after) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("package: demo\nowner: me # c\n", "package: demo\nkeeper: me # c\n"),
        ('package: demo\n"owner":  [a,\n  b]\n', "package: demo\nkeeper:  [a,\n  b]\n"),
        ("package: demo\nkeeper: me\n", None),
        ("package: demo\n", None),
    ],
)
def test_renaming_keeps_the_value_as_it_is_written(before: str, after: str | None) -> None:
    assert edited(before, Operation.RENAME, "owner", new_name="keeper") == after


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{package: demo, timeout: 3}\n", 1, "written in { }"),
        ("package: demo\nx: &a 3\ntimeout: *a\n", 3, "alias"),
        ("package: demo\ntimeout: &a 3\nx: *a\n", 3, "undefined alias"),
        ("package: demo\ntimeout: 3\nx: 1\ntimeout: 4\n", 4, "again, after line 2"),
        ("package: demo\nx: |\n  text", 1, "would change more"),  # has no end that could be kept
    ],
)
def test_what_cannot_be_spliced_is_told(text: str, line: int, message: str) -> None:
    with pytest.raises(RegistryFileError, match=message) as caught:
        edited(text, Operation.SET, "timeout", value=900, after="x")
    assert caught.value.problems[0].line == line


def test_renaming_onto_a_field_that_is_there() -> None:
    with pytest.raises(RegistryFileError, match=r"yaml:2: timeout is there too, in line 3"):
        edited("package: demo\na: 1\ntimeout: 2\n", Operation.RENAME, "a", new_name="timeout")


def test_a_value_of_the_wrong_type_does_not_get_a_known_name() -> None:
    with pytest.raises(RegistryFileError, match=r"yaml:2: timeout: expected a number"):
        edited("package: demo\na: soon\n", Operation.RENAME, "a", new_name="timeout")
