"""Values of fields, from command lines into files."""

from __future__ import annotations

import pytest
import yaml

from labeille.errors import UsageError
from labeille.registry.fields import (
    Kind,
    as_mapping,
    default_value,
    known_types,
    parse_value,
    render,
)
from labeille.registry.model import Package
from labeille.registry.read import parse_package
from labeille.registry.where import KNOWN_FIELDS


def test_every_field_of_the_model_has_a_type() -> None:
    assert tuple(known_types()) == KNOWN_FIELDS
    assert str(known_types()["timeout"]) == "a number, or null"
    assert str(known_types()["extension_type"]) == "one of pure, extensions, unknown"
    assert known_types()["source"].members == ("git", "sdist")


@pytest.mark.parametrize(
    ("field", "text", "written"),
    [
        ("timeout", "900", "900"),
        ("timeout", "0.5", "0.5"),
        ("timeout", "null", "null"),
        ("clone_depth", "50", "50"),
        ("skip", "true", "true"),
        ("skip", "no", "false"),
        ("notes", "yes", "'yes'"),
        ("notes", "3.10", "'3.10'"),
        ("notes", "null", "'null'"),
        ("notes", "", "''"),
        ("notes", "a: b # c", "'a: b # c'"),
        ("notes", "'quoted'", "quoted"),
        ("notes", '"two\\nlines"', r'"two\nlines"'),
        ("notes", "two\nlines", r'"two\nlines"'),
        ("notes", "'a' and 'b'", "'''a'' and ''b'''"),
        ("notes", "word " * 60 + "end", "word " * 60 + "end"),
        ("notes", "naïve", "naïve"),
        ("test_command", "pytest -k 'a or b'", "pytest -k 'a or b'"),
        ("skip_reason", "null", "null"),
        ("skip_reason", "~", "null"),
        ("skip_reason", "'null'", "'null'"),
        ("import_name", "null", "null"),
        ("repo", "git@host.example:a/b", "git@host.example:a/b"),
        ("source", "sdist", "sdist"),
        ("source", "null", "null"),
        ("extension_type", "pure", "pure"),
        ("python_versions", "[3.10, '3.15']", "['3.10', '3.15']"),
        ("python_versions", "[]", "[]"),
        ("skip_versions", '{"3.15": no PyO3, 3.10: old}', "{'3.15': no PyO3, '3.10': old}"),
        ("env", "{A: 1, B: yes, C: null}", "{A: '1', B: 'yes', C: ''}"),
        ("env", "{A: 'x, y'}", "{A: 'x, y'}"),
    ],
)
def test_known_fields_take_what_their_type_allows(field: str, text: str, written: str) -> None:
    assert render(parse_value(field, text)) == written
    assert "\n" not in written


@pytest.mark.parametrize(
    ("text", "kind", "written"),
    [
        ("5", None, "5"),
        ("null", None, "null"),
        ("true", None, "true"),
        ("[a, 1]", None, "[a, 1]"),
        ("{a: [1, {b: c}]}", None, "{a: [1, {b: c}]}"),
        ("word", None, "word"),
        ("2026-03-07", None, "'2026-03-07'"),
        ("3.10", Kind.STR, "'3.10'"),
        ("3.10", Kind.FLOAT, "3.1"),
        ("null", Kind.INT, "null"),
        ("null", Kind.STR, "null"),
        ("[x]", Kind.LIST, "[x]"),
        ("{}", Kind.DICT, "{}"),
    ],
)
def test_other_fields_take_yaml(text: str, kind: Kind | None, written: str) -> None:
    assert render(parse_value("owner", text, kind)) == written


@pytest.mark.parametrize(
    ("field", "text", "kind", "message"),
    [
        ("timeout", "abc", None, "timeout is a number, or null, never 'abc'"),
        ("timeout", "true", None, "never 'true'"),
        ("timeout", "-1", None, "timeout: expected more than 0 seconds"),
        ("timeout", "[1]", None, "never"),
        ("timeout", "", None, "no value for timeout"),
        ("timeout", "9", "list", "never --type list"),
        ("clone_depth", "1.5", None, "clone_depth is a whole number, or null"),
        ("skip", "maybe", None, "skip is true or false"),
        ("skip", "null", None, "never 'null'"),
        ("extension_type", "rust", None, "one of pure, extensions, unknown"),
        ("extension_type", "null", None, "never 'null'"),
        ("test_framework", "nose", None, "one of pytest, unittest, custom"),
        ("python_versions", "3.15", None, "python_versions is a list"),
        ("python_versions", "[three]", None, "'three' is no version like"),
        ("skip_versions", "{3.15.1: x}", None, "'3.15.1' is no version like"),
        ("skip_versions", "[", None, "no valid YAML"),
        ("env", "{A=B: x}", None, "environment variable"),
        ("env", "{A: [x]}", None, "expected text"),
        ("repo", "--upload-pack=x", None, "starts with '-'"),
        ("import_name", "os; x", None, "dotted name"),
        ("notes", "a\0b", None, "NUL"),
        ("notes", "\udcff", None, "no valid UTF-8"),
        ("package", "x", None, "cannot be edited"),
        ("owner", "3.10", None, "may be a number or text"),
        ("owner", "x: [", None, "no valid YAML"),
        ("owner", "x", "int", "owner is a whole number"),
        ("owner", "true", "int", "owner is a whole number"),
    ],
)
def test_other_values_are_refused(field: str, text: str, kind: str | None, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_value(field, text, Kind(kind) if kind else None)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "value",
    ["yes", "~", "012", "1:30", "-", "- x", "&a", "@x", "a\u2028b", "\x85", "\t", " x ", "<<", "="],
)
def test_text_stays_text(value: str) -> None:
    rendered = render(value)
    assert yaml.safe_load(f"a: {rendered}") == {"a": value}
    assert yaml.safe_load(f"a: {render([value])}") == {"a": [value]}


def test_defaults() -> None:
    assert default_value("clone_depth", None) is None
    assert default_value("skip_versions", None) == {}
    assert [default_value("owner", kind) for kind in (None, *Kind)] == [
        "",
        "",
        0,
        0.0,
        False,
        [],
        {},
    ]


def test_a_package_as_its_file_has_it() -> None:
    package = parse_package_of("package: demo\ntimeout: 60\nx: [1]\nsource: git\n")
    mapping = as_mapping(package)
    assert list(mapping) == [*KNOWN_FIELDS, "x"]
    assert (mapping["package"], mapping["source"], mapping["x"]) == ("demo", "git", [1])
    assert render(mapping["timeout"]) == "60"


def parse_package_of(text: str) -> Package:
    from pathlib import Path

    return parse_package(text.encode(), Path("demo.yaml"))
