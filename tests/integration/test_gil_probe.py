"""Real extension modules on the real free-threaded target: which turn the GIL on, and which say so.

Built here by the C compiler, one for each way that a module can answer the question.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from labeille.environments.gil_probe import SCRIPT, GilProbe, ProbeRequest, probe_gil
from labeille.environments.model import Environment
from labeille.environments.variables import header_environ
from labeille.registry.model import Package
from labeille.results.extension_compat import ExtensionModule, GilUse
from labeille.targets.model import Target

pytestmark = [
    pytest.mark.target("free-threaded"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler"),
]

SOURCE = """\
#include <Python.h>
#include <signal.h>

static int execute(PyObject *module) {{ {execute} return 0; }}

static PyModuleDef_Slot slots[] = {{ {{Py_mod_exec, execute}}, {slot} {{0, NULL}} }};
static struct PyModuleDef definition = {{
    PyModuleDef_HEAD_INIT, .m_name = "{name}", .m_slots = {slots}
}};

PyMODINIT_FUNC PyInit_{name}(void) {{ {init} }}
"""
MULTI = "return PyModuleDef_Init(&definition);"
SINGLE = "PyObject *module = PyModule_Create(&definition); {} return module;"
NOT_USED = "{Py_mod_gil, Py_MOD_GIL_NOT_USED},"
USED = "{Py_mod_gil, Py_MOD_GIL_USED},"

# name: what the template is filled with
MODULES: dict[str, dict[str, str]] = {
    "declares": {"slot": NOT_USED},
    "used": {"slot": USED},
    "silent": {},
    "single": {"slots": "NULL", "init": SINGLE.format("")},
    "single_ok": {
        "slots": "NULL",
        "init": SINGLE.format("PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);"),
    },
    "crashes": {"slot": NOT_USED, "execute": "raise(SIGSEGV);"},
    "refuses": {"execute": 'PyErr_SetString(PyExc_ImportError, "not today"); return -1;'},
}


@pytest.fixture(scope="session")
def environment_path(
    free_threaded_target: Target, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("gil") / "venv"
    command = [free_threaded_target.python, "-m", "venv", "--without-pip", str(path)]
    subprocess.run(command, check=True)
    return path


def build(environment: Path, package: str, modules: dict[str, dict[str, str]]) -> Environment:
    """Put a package with these extension modules into an environment."""
    python = environment / "bin" / "python"
    ask = (
        "import sysconfig as s; "
        "print(s.get_path('include'), s.get_config_var('EXT_SUFFIX'), s.get_path('purelib'))"
    )
    asked = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)
    include, suffix, site = asked.stdout.split()
    folder = Path(site) / package
    folder.mkdir()
    (folder / "__init__.py").touch()
    record = [f"{package}/__init__.py,,"]
    for name, parts in modules.items():
        filled = {"slots": "slots", "slot": "", "execute": "", "init": MULTI} | parts
        source = folder / f"{name}.c"
        source.write_text(SOURCE.format(name=name, **filled))
        library = folder / f"{name}{suffix}"
        command = ["cc", "-shared", "-fPIC", "-O0", f"-I{include}", str(source), "-o", str(library)]
        subprocess.run(command, check=True)
        record.append(f"{package}/{library.name},,")
    info = Path(site) / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "RECORD").write_text("\n".join(record))
    return Environment(
        path=environment,
        python=python,
        bin_dir=environment / "bin",
        site_packages=Path(site),
        key="k",
        backend="uv",
        import_name=package,
    )


def probe(environment: Environment, target: Target, tmp_path: Path) -> GilProbe:
    assert environment.import_name is not None
    # A package cannot keep the GIL off for its own probe.
    package = Package(name=environment.import_name, env={"PYTHON_GIL": "0"})
    return probe_gil(
        ProbeRequest(
            package=package,
            environment=environment,
            target=target,
            checkout=tmp_path,
            log_dir=tmp_path / "logs",
        )
    )


def by_name(found: GilProbe) -> dict[str, ExtensionModule]:
    return {module.module_name.rpartition(".")[2]: module for module in found.modules}


def test_each_module_by_itself(
    environment_path: Path, free_threaded_target: Target, tmp_path: Path
) -> None:
    environment = build(environment_path, "mixed", MODULES)
    found = probe(environment, free_threaded_target, tmp_path)
    modules = by_name(found)
    assert {name: module.gil for name, module in modules.items()} == {
        "declares": GilUse.NOT_USED,
        "used": GilUse.USED,
        "silent": GilUse.USED,
        "single": GilUse.USED,
        "single_ok": GilUse.NOT_USED,
        "crashes": GilUse.NOT_USED,
        "refuses": GilUse.USED,
    }
    assert modules["used"].triggered_gil_fallback
    assert not modules["declares"].triggered_gil_fallback
    assert modules["crashes"].import_error == "the process was killed by SIGSEGV"
    assert modules["refuses"].import_error == "ImportError: not today"
    assert not found.fallback  # the package itself imports none of them
    assert found.problem is None
    assert {module.distribution for module in found.modules} == {"mixed"}


def test_modules_that_no_metadata_lists(
    environment_path: Path, free_threaded_target: Target, tmp_path: Path
) -> None:
    """As of an editable install: they are found in the package's folder, also behind a crash."""
    modules = {name: MODULES[name] for name in ("crashes", "declares", "silent")}
    environment = build(environment_path, "unlisted", modules)
    shutil.rmtree(environment.site_packages / "unlisted-1.0.dist-info")
    found = by_name(probe(environment, free_threaded_target, tmp_path))
    assert {name: module.gil for name, module in found.items()} == {
        "crashes": GilUse.NOT_USED,
        "declares": GilUse.NOT_USED,
        "silent": GilUse.USED,
    }
    assert found["silent"].triggered_gil_fallback


def test_a_package_that_turns_it_on(
    environment_path: Path, free_threaded_target: Target, tmp_path: Path
) -> None:
    environment = build(environment_path, "leaning", {"inner": {}, "later": {"slot": NOT_USED}})
    (environment.site_packages / "leaning" / "__init__.py").write_text("from . import inner\n")
    found = probe(environment, free_threaded_target, tmp_path)
    assert found.fallback
    modules = by_name(found)
    assert modules["inner"].triggered_gil_fallback
    # Always loaded after it, so only its definition tells.
    assert modules["later"].gil is GilUse.NOT_USED
    assert "definition" in modules["later"].evidence


def test_a_package_that_cannot_be_imported(
    environment_path: Path, free_threaded_target: Target, tmp_path: Path
) -> None:
    """Its modules cannot be either, and their definitions say what they would do."""
    environment = build(environment_path, "broken", {"quiet": {}, "open": {"slot": NOT_USED}})
    (environment.site_packages / "broken" / "__init__.py").write_text("import no_such_module\n")
    found = probe(environment, free_threaded_target, tmp_path)
    assert found.import_error == "ModuleNotFoundError: No module named 'no_such_module'"
    modules = by_name(found)
    assert {name: module.gil for name, module in modules.items()} == {
        "quiet": GilUse.USED,
        "open": GilUse.NOT_USED,
    }
    assert not found.fallback


EXPORTED = """\
#include <Python.h>
PyABIInfo_VAR(abi);
static PySlot slots[] = {
    PySlot_DATA(Py_mod_name, "exported"), PySlot_DATA(Py_mod_abi, &abi), %s {0}
};
PyMODEXPORT_FUNC PyModExport_exported(void) { return slots; }
"""
DEFINED = """\
#include <Python.h>
static PyModuleDef_Slot slots[] = { %s {0, NULL} };
static struct PyModuleDef definition = { PyModuleDef_HEAD_INIT, .m_slots = slots };
PyMODINIT_FUNC PyInit_defined(void) { return PyModuleDef_Init(&definition); }
"""


@pytest.mark.target("jit")
@pytest.mark.parametrize(
    ("name", "source", "answer"),
    [
        ("exported", EXPORTED % "PySlot_DATA(Py_mod_gil, Py_MOD_GIL_NOT_USED),", "not_used"),
        ("exported", EXPORTED % "PySlot_DATA(Py_mod_gil, Py_MOD_GIL_USED),", "used"),
        ("exported", EXPORTED % "", "silent"),
        ("defined", DEFINED % NOT_USED, "not_used"),
        ("defined", DEFINED % "", "silent"),
    ],
)
def test_slots_as_they_are_since_3_15(
    jit_target: Target, tmp_path: Path, name: str, source: str, answer: str
) -> None:
    """Numbered anew, and exported without a definition (PEP 793); read alike on any build."""
    if tuple(map(int, jit_target.minor_version.split("."))) < (3, 15):
        pytest.skip("an older build has no such slots")
    (tmp_path / f"{name}.c").write_text(source)
    ask = [jit_target.python, "-c", "import sysconfig as s; print(s.get_path('include'))"]
    include = subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip()
    library = tmp_path / f"{name}.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-I{include}", str(tmp_path / f"{name}.c"), "-o", str(library)],
        env=os.environ | header_environ(jit_target),
        check=True,
    )
    report = tmp_path / "report.jsonl"
    tasks: list[dict[str, object]] = [
        {"definitions": [[name, str(library)]]},
        {"imports": [name], "walk": []},
    ]
    for task in tasks:
        words = [jit_target.python, "-s", str(SCRIPT), json.dumps(task | {"report": str(report)})]
        subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, check=True)
    events = [json.loads(line) for line in report.read_text().splitlines()]
    read = [
        e["definition"]
        for e in events
        if e["event"] in ("defined", "loaded") and e["module"] == name
    ]
    assert read == [answer, answer]
