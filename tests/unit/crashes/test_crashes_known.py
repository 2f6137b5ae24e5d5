"""Known bugs: from the words of a crash to the issue, and no further."""

from __future__ import annotations

import pytest

from labeille.crashes.evidence import read_crash
from labeille.crashes.known import known_bugs
from labeille.crashes.signature import signature_id, without_hash

#: What CPython printed, as the issues have it, with GCC's and with Clang's spelling of functions.
WORDS = {
    140936: "python: ../Python/optimizer.c:121: _PyOptimizer_Optimize: "
    "Assertion `interp->jit' failed.",
    145064: "python: Python/optimizer_symbols.c:1318: _Py_UOpsAbstractFrame "
    "*_Py_uop_frame_new(JitOptContext *, PyCodeObject *, int, JitOptRef *, int): "
    "Assertion `co != NULL' failed.",
    141797: "python: Python/optimizer.c:759: int _PyJit_translate_single_bytecode_to_trace("
    "PyThreadState *, _PyInterpreterFrame *, _Py_CODEUNIT *, int): "
    "Assertion `jump_happened == (target_instr[1].cache & 1)' failed.",
    144016: "python: Python/optimizer_analysis.c:474: int optimize_uops(_PyThreadStateImpl *, "
    "_PyUOpInstruction *, int, int, _PyBloomFilter *): Assertion `STACK_LEVEL() >= 0' failed.",
    142276: "python: _POP_TOP_INT.c:119: _Py_CODEUNIT *_JIT_ENTRY(_PyInterpreterFrame *, "
    "_PyStackRef *, PyThreadState *): "
    "Assertion `PyLong_CheckExact(PyStackRef_AsPyObjectBorrow(value))' failed.",
    149112: "python: Python/optimizer_symbols.c:1277: void _Py_uop_sym_set_recorded_type("
    "JitOptContext *, JitOptRef, PyTypeObject *): "
    "Assertion `PyType_Check((PyObject *)type)' failed.",
    143183: "python: Python/intrinsics.c:145: PyObject *stopiteration_error(PyThreadState *, "
    "PyObject *): Assertion `PyExceptionInstance_Check(exc)' failed.",
    154014: "_bootstrap_python: Python/pystate.c:933: interpreter_clear: "
    "Assertion `cold_dynamic->vm_data.valid' failed.",
    139192: "python: Python/optimizer.c:979: translate_bytecode_to_trace: "
    "Assertion `trace_length < max_length' failed.",
    127083: "python: Python/optimizer.c:1277: uop_optimize: "
    "Assertion `length <= UOP_MAX_TRACE_LENGTH' failed.",
}


@pytest.mark.parametrize(("issue", "words"), WORDS.items())
def test_the_words_lead_to_the_issue(issue: int, words: str) -> None:
    crash = read_crash(words, exit_code=-6)
    assert crash is not None
    assert [bug.issue for bug in known_bugs([crash.signature])] == [issue]


@pytest.mark.parametrize(
    "signature",
    [
        "assert:optimizer_cases.c.h|optimize_uops|!PyJitRef_IsUnique(value):30d96460",
        "assert:optimizer.c|_PyOptimizer_Optimize|interp->jit && more:00000000",
        "signal:SIGSEGV|_PyFrame_GetFunctionElse:00000000",
        "signal:SIGABRT:00000000",
        "",
    ],
)
def test_no_other_crash_is_taken_for_one(signature: str) -> None:
    assert known_bugs([signature]) == []


@pytest.mark.parametrize(
    ("version", "fixed"),
    [("3.15.2", "3.15.0a7"), ("3.15.0a7", "3.15.0a7"), ("3.15.0a6", None), ("3.14.9", None)],
)
def test_fixed_before(version: str, fixed: str | None) -> None:
    (bug,) = known_bugs(["assert:optimizer_symbols.c|_Py_uop_frame_new|co != NULL:00000000"])
    assert bug.fixed_before(version) == fixed
    assert bug.url.endswith("/145064")


def test_ids_of_signatures() -> None:
    assert signature_id("assert:a.c|f|x:0123abcd") == "0123abcd"
    assert len(signature_id("SIGSEGV in libc")) == 8  # the original's
    assert without_hash("assert:a.c|f|x:0123abcd") == "assert:a.c|f|x"
