"""Imports of a file, and whether they happen."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from labeille.projects.branches import branch_taken
from labeille.projects.imports import Condition, find_imports
from labeille.projects.suite_usage import find_usage

T, S, B, L = Condition.TRY, Condition.SKIP, Condition.BRANCH, Condition.LAZY


def found(text: str) -> list[tuple[str, Condition | None]]:
    text = dedent(text)
    imports = find_imports(text, ast.parse(text), (3, 15))
    return [("." * each.level + each.module, each.condition) for each in imports]


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        ("import a.b, c\nfrom d import e", [("a.b", None), ("c", None), ("d", None)]),
        ("from . import a\nfrom ..b import c", [(".", None), ("..b", None)]),
        ("def f():\n    import a\n    class C:\n        import b", [("a", None), ("b", None)]),
        ("async def f():\n  async with x:\n    for i in j:\n      import a", [("a", None)]),
        ("try:\n import a\nexcept ImportError:\n a = None", [("a", T)]),
        (
            "try:\n import a\nexcept (KeyError, ImportError):\n pass\nelse:\n import b",
            [("a", T), ("b", T)],
        ),
        ("try:\n import a\nexcept:\n pass\nfinally:\n import b", [("a", T), ("b", None)]),
        ("try:\n import a\nexcept KeyError:\n import b", [("a", None), ("b", None)]),
        ("try:\n import a\nexcept ImportError as e:\n raise RuntimeError from e", [("a", None)]),
        ("try:\n import a\nexcept ImportError:\n raise unittest.SkipTest('no a')", [("a", T)]),
        ("try:\n import a\nexcept ImportError:\n import b", [("a", T), ("b", Condition.FALLBACK)]),
        ("with suppress(ImportError):\n import a", [("a", T)]),
        ("with pytest.raises(ImportError):\n import a", []),
        ("a = pytest.importorskip('a.b', reason='x')", [("a.b", S)]),
        (
            "import a\npytest.importorskip('b')\nimport b.c, d",
            [("a", None), ("b", S), ("b.c", S), ("d", S)],
        ),
        ("m = importlib.import_module('a')\n__import__('b')\nf('c')", [("a", None), ("b", None)]),
        ("if TYPE_CHECKING:\n import a\nelse:\n import b", [("a", Condition.TYPING), ("b", None)]),
        ("if t.TYPE_CHECKING:\n import a", [("a", Condition.TYPING)]),
        ("if sys.version_info < (3, 11):\n import a\nelif x:\n import b", [("b", B)]),
        ("if sys.version_info >= (3, 8):\n import a\nelse:\n import b", [("a", None)]),
        ("if six.PY2:\n import a\nif not PY2:\n import b", [("b", None)]),
        ("if sys.platform == 'win32':\n import a", []),
        ("if HAVE_A:\n import a", [("a", B)]),
        ("if __name__ == '__main__':\n import a", [("a", Condition.MAIN)]),
        ("match x:\n case 1:\n  import a", [("a", B)]),
        (
            "try:\n import a\nexcept ImportError:\n pass\ndef f():\n import a.b",
            [("a", T), ("a.b", L)],
        ),
        ("import\tnothing_else", [("nothing_else", None)]),
    ],
)
def test_conditions(text: str, imports: list[tuple[str, Condition | None]]) -> None:
    assert found(text) == imports


@pytest.mark.parametrize(
    ("test", "taken"),
    [
        ("sys.version_info[0] == 2", False),
        ("sys.version_info[:2] >= (3, 15)", True),
        ("sys.version_info.major > 2 and unknown", None),
        ("sys.version_info < (3,) and unknown", False),
        ("True or unknown", True),
        ("os.name == 'nt' or sys.platform.startswith('win')", False),
        ("platform.python_implementation() != 'PyPy'", True),
        ("platform.system() in ('Linux', 'Darwin')", True),
        ("not compat.PYPY", True),
        ("hasattr(sys, 'x')", None),
        ("sys.version_info > 'x'", None),
        ("version_info[99]", None),
        ("1 < x < 2", None),
    ],
)
def test_branches(test: str, taken: bool | None) -> None:
    assert branch_taken(ast.parse(test, mode="eval").body, (3, 15)) is taken


def test_use_of_pytest() -> None:
    usage = find_usage(
        ast.parse(
            dedent(
                """\
                pytest_plugins = ["pytester", "a.b"]
                pytestmark = pytest.mark.anyio
                def pytest_configure(config):
                    config.addinivalue_line("markers", "mine(x): a marker")
                def pytest_addoption(parser):
                    parser.addoption("--my-option", action="store_true")
                @pytest.fixture(name="renamed")
                def _made(mocker): ...
                @pytest_asyncio.fixture
                async def client(): ...
                other = pytest.fixture(function)
                @pytest.mark.parametrize("a, b", [(1, 2)])
                @pytest.mark.usefixtures("freezer")
                def test_it(a, b, httpbin, *, snapshot, plain=1): ...
                @given(drawn=integers())
                def test_that(drawn, request):
                    request.getfixturevalue("respx_mock")
                def helper(benchmark): ...
                class SomeTest(unittest.TestCase):
                    @patch("x")
                    def test_patched(self, benchmark): ...
                """
            )
        )
    )
    assert set(usage.plugins) == {"pytester", "a.b"}
    assert set(usage.markers) == {"anyio", "parametrize", "usefixtures"}
    assert set(usage.fixtures) == {
        "mocker",
        "freezer",
        "httpbin",
        "snapshot",
        "request",
        "respx_mock",
    }
    assert usage.defined_fixtures == {"_made", "renamed", "client", "other"}
    assert usage.defined_markers == {"mine"}
    assert usage.defined_options == {"my-option"}
    assert (usage.test_functions, usage.unittest_cases) == (True, True)
