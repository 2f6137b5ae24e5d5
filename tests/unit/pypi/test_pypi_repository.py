"""From a project's links to its repository: labels, forges, what is none."""

from __future__ import annotations

import importlib.resources
from typing import Any

import pytest
import yaml

from labeille.pypi.metadata import ProjectMetadata
from labeille.pypi.repository import (
    LinkKind,
    Repository,
    clone_url,
    find_repository,
    link_hosts,
    link_kind,
)

DATA = importlib.resources.files("labeille.pypi") / "data" / "repositories.yaml"
RULES: dict[str, Any] = yaml.load(DATA.read_text("utf-8"), Loader=yaml.CSafeLoader)

#: Pages of forges: the URL, what is cloned, the folder.
PAGES = [
    ("https://github.com/kjd/idna", "https://github.com/kjd/idna", None),
    ("https://github.com/kjd/idna/", "https://github.com/kjd/idna", None),
    ("https://github.com/kjd/idna.git", "https://github.com/kjd/idna", None),
    ("http://github.com/kjd/idna", "https://github.com/kjd/idna", None),
    ("https://www.github.com/Square/pylink", "https://github.com/Square/pylink", None),
    ("https://GitHub.com/PyCQA/flake8", "https://github.com/PyCQA/flake8", None),
    ("https://github.com:443/a/b", "https://github.com/a/b", None),
    ("https://me:secret@github.com/a/b", "https://github.com/a/b", None),
    ("  <https://github.com/a/b>,", "https://github.com/a/b", None),
    ("github.com/a/b", "https://github.com/a/b", None),
    ("git@github.com:a/b.git", "https://github.com/a/b", None),
    ("ssh://git@github.com/a/b.git", "https://github.com/a/b", None),
    ("git://github.com/a/b.git", "https://github.com/a/b", None),
    ("git+https://github.com/a/b.git@main#egg=b", "https://github.com/a/b", None),
    ("git+ssh://git@github.com/a/b.git", "https://github.com/a/b", None),
    ("https://github.com/a/b.git#subdirectory=sdk/b", "https://github.com/a/b", "sdk/b"),
    ("https://github.com/a/b?tab=readme-ov-file#use", "https://github.com/a/b", None),
    ("https://github.com/a//b/issues", "https://github.com/a/b", None),
    ("https://github.com/a/b.js/wiki/Home", "https://github.com/a/b.js", None),
    ("https://github.com/a/b/blob/main/HISTORY.md", "https://github.com/a/b", None),
    ("https://github.com/a/b/releases/tag/v1.0", "https://github.com/a/b", None),
    ("https://github.com/a/b/archive/v1.0.tar.gz", "https://github.com/a/b", None),
    ("https://github.com/a/b/tree/v1.0", "https://github.com/a/b", None),
    ("https://github.com/a/b/tree/main/", "https://github.com/a/b", None),
    (
        "https://github.com/Azure/azure-sdk-for-python/tree/main/sdk/core/azure-core",
        "https://github.com/Azure/azure-sdk-for-python",
        "sdk/core/azure-core",
    ),
    ("https://raw.githubusercontent.com/a/b/main/README.md", "https://github.com/a/b", None),
    ("https://gitlab.com/ase/ase/-/issues", "https://gitlab.com/ase/ase", None),
    ("https://gitlab.com/a/b/issues", "https://gitlab.com/a/b", None),
    ("https://gitlab.com/a/b/c/d.git", "https://gitlab.com/a/b/c/d", None),
    ("https://gitlab.com/a/b/c/-/tree/main/x/y", "https://gitlab.com/a/b/c", "x/y"),
    ("https://gitlab.com/a/b/tree/main/x", "https://gitlab.com/a/b", "x"),
    ("https://gitlab.com/a/b/c/-/blob/main/x.md", "https://gitlab.com/a/b/c", None),
    ("https://gitlab.gnome.org/GNOME/pygobject/", "https://gitlab.gnome.org/GNOME/pygobject", None),
    ("http://gitlab.example.org:8443/a/b", "https://gitlab.example.org:8443/a/b", None),
    ("https://bitbucket.org/a/b/src/master/", "https://bitbucket.org/a/b", None),
    ("https://bitbucket.org/a/b/src/master/x", "https://bitbucket.org/a/b", "x"),
    ("https://bitbucket.org/a/b/issues?status=new", "https://bitbucket.org/a/b", None),
    ("https://codeberg.org/a/b/src/branch/main/x/y", "https://codeberg.org/a/b", "x/y"),
    ("https://codeberg.org/a/b/src/tag/v1/x", "https://codeberg.org/a/b", "x"),
    ("https://codeberg.org/a/b/src/commit/0abc", "https://codeberg.org/a/b", None),
    ("https://gitea.com/a/b/releases", "https://gitea.com/a/b", None),
    ("https://gitea.example.org/a/b/src/branch/main", "https://gitea.example.org/a/b", None),
    ("https://forgejo.example.org/a/b/pulls", "https://forgejo.example.org/a/b", None),
    ("https://opendev.org/openstack/pbr/", "https://opendev.org/openstack/pbr", None),
    (
        "https://git.openstack.org/cgit/openstack/pbr/tree",
        "https://opendev.org/openstack/pbr",
        None,
    ),
    ("http://git.openstack.org/openstack/pbr", "https://opendev.org/openstack/pbr", None),
    ("https://git.sr.ht/~me/thing/tree/master/item/x", "https://git.sr.ht/~me/thing", "x"),
    ("https://git.sr.ht/~me/thing", "https://git.sr.ht/~me/thing", None),
    ("https://pagure.io/python-daemon/", "https://pagure.io/python-daemon", None),
    ("https://pagure.io/python-daemon/issues", "https://pagure.io/python-daemon", None),
    ("https://pagure.io/group/x/y", None, None),
    ("https://pagure.io/fedora-infra/x/blob/main/f/a", "https://pagure.io/fedora-infra/x", None),
    ("https://notabug.org/a/b/src/master/x", "https://notabug.org/a/b", "x"),
    ("https://gitee.com/a/b/tree/master/x", "https://gitee.com/a/b", "x"),
    ("https://framagit.org/a/b/-/wikis", "https://framagit.org/a/b", None),
    ("https://salsa.debian.org/a/b", "https://salsa.debian.org/a/b", None),
    ("https://invent.kde.org/a/b", "https://invent.kde.org/a/b", None),
    ("https://0xacab.org/a/b", "https://0xacab.org/a/b", None),
]

#: What no repository can be cloned from, even if its label calls it the source.
NONE = [
    "https://github.com",
    "https://github.com/",
    "https://github.com/pypa",
    "https://github.com/pypa/",
    "https://github.com/MacHu-GWU/?tab=repositories",
    "https://github.com/sponsors/hynek",
    "https://github.com/orgs/pypa/repositories",
    "https://github.com/Sponsors/hynek",
    "https://github.com/users/me/projects/1",
    "https://github.com/marketplace/actions/x",
    "https://github.com/a/.git",
    "https://github.com/a/b c",
    "https://github.com/a/%20",
    "https://github.com/{user}/{repo}",
    "https://github.com/pypa/sampleproject",
    "https://github.com/username/repo",
    "https://github.com/yourusername/yourrepo.git",
    "https://github.com/me/spam",
    "https://github.com/pallets/.github/blob/main/SECURITY.md",
    "https://gist.github.com/me/0123456789abcdef",
    "https://me.github.io/thing/",
    "https://me.gitlab.io/thing/",
    "https://gitlab.com/groups/a/b",
    "https://gitlab.com/a",
    "https://gitlab.com/a/-/issues",
    "https://sr.ht/~me/thing",
    "https://todo.sr.ht/~me/thing",
    "https://hg.sr.ht/~me/thing",
    "https://foss.heptapod.net/openpyxl/openpyxl",
    "https://hg.mozilla.org/mozilla-central",
    "https://launchpad.net/beautifulsoup",
    "https://code.launchpad.net/~me/thing/trunk",
    "https://sourceforge.net/p/docutils/code/",
    "https://thing.sourceforge.net/source",
    "https://code.google.com/p/thing/source",
    "https://thing.googlecode.com/svn/trunk",
    "https://thing.readthedocs.io/en/latest/",
    "https://readthedocs.org/projects/thing",
    "hg+https://example.org/thing",
    "svn+ssh://example.org/thing",
    "https://docs.example.org/source",
    "https://example.org",
    "https://www.example.org/",
    "https://example.org/thing-1.0.tar.gz",
    "https://example.org/source.html",
    "ssh://git@example.org/thing.git",
    "me@example.org",
    "UNKNOWN",
    "n/a",
    "",
    "https://",
    "https://[::1/a/b",
    "https://example.org:port/a",
    "-https://github.com/a/b",
    "--upload-pack=touch /tmp/x",
    "file:///etc/passwd",
    "https://github.com/a/b\nc",
]


@pytest.mark.parametrize(("link", "url", "folder"), PAGES)
def test_pages_of_forges(link: str, url: str | None, folder: str | None) -> None:
    found = clone_url(link)
    assert (found.url if found else None, found.folder if found else None) == (url, folder)


@pytest.mark.parametrize("link", NONE)
def test_what_is_no_repository(link: str) -> None:
    assert clone_url(link, is_source=True) is None


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://git.example.org/a/b/", "https://git.example.org/a/b"),
        ("http://git.example.org/a/b.git", "http://git.example.org/a/b.git"),
        ("https://www.example.org/git/b#top", "https://www.example.org/git/b"),
        ("git://git.example.org/b.git", "git://git.example.org/b.git"),
        ("https://me:secret@git.example.org:8443/b", "https://git.example.org:8443/b"),
        ("https://git.launchpad.net/beautifulsoup", "https://git.launchpad.net/beautifulsoup"),
        (
            "https://code.qt.io/cgit/pyside/pyside-setup.git/",
            "https://code.qt.io/cgit/pyside/pyside-setup.git",
        ),
    ],
)
def test_other_hosts_count_where_the_label_says_so(link: str, url: str) -> None:
    assert clone_url(link, is_source=True) == Repository(url=url, is_forge=False)
    assert clone_url(link) is None


def test_the_sample_project_has_a_repository_itself() -> None:
    found = clone_url("https://github.com/pypa/sampleproject", project="sampleproject")
    assert found == Repository(url="https://github.com/pypa/sampleproject")


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("Source", LinkKind.SOURCE),
        ("Source Code", LinkKind.SOURCE),
        ("source_code", LinkKind.SOURCE),
        ("Repository", LinkKind.SOURCE),
        ("GitHub", LinkKind.SOURCE),
        ("GitHub: repo", LinkKind.SOURCE),
        ("Code", LinkKind.SOURCE),
        ("Home-page", LinkKind.HOME),
        ("Homepage", LinkKind.HOME),
        ("Bug Tracker", LinkKind.TRACKER),
        ("GitHub: issues", LinkKind.TRACKER),
        ("Issue Tracker", LinkKind.TRACKER),
        ("What's New?", LinkKind.OTHER),
        ("Download", LinkKind.OTHER),
        ("Donate", LinkKind.NEVER),
        ("Security Policy", LinkKind.NEVER),
        ("Upstream", LinkKind.NEVER),
        ("", LinkKind.OTHER),
    ],
)
def test_labels(label: str, kind: LinkKind) -> None:
    assert link_kind(label) is kind


def project(*links: tuple[str, str]) -> ProjectMetadata:
    return ProjectMetadata(name="x", links=links, page="https://index.example/project/x/")


@pytest.mark.parametrize(
    ("links", "url", "folder"),
    [
        # the label decides, not the order
        (
            [
                ("Homepage", "https://github.com/a/site"),
                ("Issues", "https://github.com/a/tracker/issues"),
                ("Source", "https://github.com/a/b"),
            ],
            "https://github.com/a/b",
            None,
        ),
        (
            [("Source", "https://x.org"), ("Homepage", "https://github.com/a/b")],
            "https://github.com/a/b",
            None,
        ),
        (
            [("Homepage", "https://x.org"), ("Bug Tracker", "https://github.com/a/b/issues")],
            "https://github.com/a/b",
            None,
        ),
        (
            [("Changelog", "https://gitlab.com/a/b/-/releases"), ("Docs", "https://x.org")],
            "https://gitlab.com/a/b",
            None,
        ),
        # between equals the first
        (
            [("Repository", "https://github.com/a/b"), ("GitHub", "https://github.com/c/d")],
            "https://github.com/a/b",
            None,
        ),
        # an organisation's page says nothing, the next link may
        (
            [("Source", "https://github.com/pypa"), ("Homepage", "https://github.com/pypa/b")],
            "https://github.com/pypa/b",
            None,
        ),
        ([("Funding", "https://github.com/a/money")], None, None),
        ([("Homepage", "https://git.example.org/a/b")], None, None),
        ([("Source", "https://git.example.org/a/b")], "https://git.example.org/a/b", None),
        ([("Source", "https://index.example/project/x/#files")], None, None),
        ([], None, None),
        # another link to the same repository names the monorepo's folder; a link to docs does not
        (
            [
                ("Source", "https://github.com/a/b"),
                ("Documentation", "https://github.com/a/b/tree/main/docs"),
                ("Homepage", "https://github.com/a/b/tree/main/packages/x"),
            ],
            "https://github.com/a/b",
            "packages/x",
        ),
        (
            [
                ("Source", "https://github.com/a/b"),
                ("Homepage", "https://github.com/a/c/tree/main/packages/x"),
            ],
            "https://github.com/a/b",
            None,
        ),
    ],
)
def test_which_link_counts(
    links: list[tuple[str, str]], url: str | None, folder: str | None
) -> None:
    found = find_repository(project(*links))
    assert (found.url if found else None, found.folder if found else None) == (url, folder)


def test_an_index_that_tells_no_links() -> None:
    assert find_repository(ProjectMetadata(name="x", links=None)) is None


def test_hosts_for_a_message() -> None:
    metadata = project(("A", "https://x.org/a"), ("B", "http://x.org"), ("C", "nothing"))
    assert link_hosts(metadata) == ("x.org",)


def test_every_rule_has_a_reason() -> None:
    entries = [RULES[key] for key in ("labels", "forges", "not_git", "not_theirs")]
    assert all(entry["reason"] for table in entries for entry in table)


def test_every_rule_has_a_case() -> None:
    pages = " ".join(link for link, _, _ in PAGES)
    for forge in RULES["forges"]:
        assert forge["host"].rstrip("*") in pages
    nothing = " ".join(NONE).replace("yourusername", " yourusername")
    for host in RULES["not_git"]:
        assert host["host"] in nothing
    for mistake in RULES["not_theirs"]:
        assert mistake["repository"].removeprefix("*") in nothing
