"""What is put into a skeleton, and what is remarked."""

from __future__ import annotations

from typing import Any

import pytest

from labeille.campaigns.describe import Remark, describe
from labeille.pypi.metadata import ProjectMetadata, Release
from labeille.registry.model import ExtensionType, Package

PURE = ("x-1.0.tar.gz", "x-1.0-py3-none-any.whl")
SOURCE = (("Source", "https://github.com/a/x"),)


def metadata(**parts: Any) -> ProjectMetadata:
    told = {"version": "1.0", "release": Release.FINAL, "files": PURE, "links": SOURCE}
    return ProjectMetadata(name="X", **{**told, **parts})


def test_a_plain_package() -> None:
    found = describe("x", metadata(page="https://index.example/project/x/"))
    assert found.package == Package(
        name="x",
        repo="https://github.com/a/x",
        pypi_url="https://index.example/project/x/",
        extension_type=ExtensionType.PURE,
    )
    assert (found.version, found.remarks) == ("1.0", ())


@pytest.mark.parametrize(
    ("parts", "remark", "text"),
    [
        ({"release": Release.NONE, "files": ()}, Remark.NO_FILES, "no files on the index"),
        ({"release": Release.YANKED}, Remark.YANKED, "every release is yanked"),
        ({"release": Release.PRERELEASE}, Remark.PRERELEASE, "there are only pre-releases"),
        ({"files": PURE[:1]}, Remark.NO_WHEELS, "no wheels"),
        ({"links": None}, Remark.NO_JSON_API, "the index has no JSON API"),
        ({"links": ()}, Remark.NO_REPOSITORY, "it has no links"),
        (
            {"links": (("Homepage", "https://x.org"),)},
            Remark.NO_REPOSITORY,
            "none of its links leads to one (x.org)",
        ),
        (
            {"links": (("Code", "https://git.x.org/x"),)},
            Remark.UNKNOWN_HOST,
            "taken from the link 'Code'",
        ),
        (
            {"links": (("Code", "https://github.com/a/x/tree/main/sdk/x"),)},
            Remark.MONOREPO,
            "in the folder sdk/x of its repository",
        ),
    ],
)
def test_remarks(parts: dict[str, Any], remark: Remark, text: str) -> None:
    ((found, words),) = describe("x", metadata(**parts)).remarks
    assert found is remark
    assert text in words


def test_a_monorepo_is_noted_in_the_file() -> None:
    links = (("Code", "https://github.com/a/x/tree/main/sdk/x"),)
    package = describe("x", metadata(links=links)).package
    assert package.repo == "https://github.com/a/x"
    assert package.notes == "monorepo: the package is in sdk/x"


def test_all_remarks_have_a_case() -> None:
    marks = test_remarks.pytestmark
    assert {case[1] for case in marks[0].args[1]} == set(Remark)
