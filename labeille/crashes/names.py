"""Names in crash texts, reduced to what is the same on every machine and with every compiler."""

from __future__ import annotations

import posixpath
import re

_CLONE = re.compile(
    r"(?:\.(?:constprop|isra|part|cold|lto_priv|llvm|localalias|clone|warm|hot|unlikely|ipa|sra)"
    r"(?:\.\d+)*)+$"
)
_CLONE_NOTE = re.compile(r"(?: \[clone [^\]]*\])+$")
_VERSIONED = re.compile(r"@@?[A-Z][A-Za-z0-9_.]*$|@plt$")
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_ANONYMOUS = re.compile(r"\(anonymous(?: namespace)?\)|\{anonymous\}|<unnamed>")
_LAMBDA = re.compile(
    r"<lambda\([^()]{0,500}\)>|\(anonymous class\)::operator\(\)|\{lambda\([^()]{0,500}\)#?\d*\}"
    r"|'lambda\d*'|\(lambda at [^()]{0,500}\)"
)
_LAMBDA_CALL = re.compile(r"\{lambda\}(?:\([^()]{0,500}\))?(?: const)?::operator\(\)")
_OPERATOR = re.compile(r"operator\s*(\(\)|\[\]|->\*?|<=>|<<=?|>>=?|<=?|>=?)")
_QUALIFIER = re.compile(r"(?:\s*(?:const|volatile|noexcept|override|&&?))+$")
_TEMPLATE_NOTE = re.compile(r" \[(?:with )?[^\[]*=.*\]$")
_CONVERSION = re.compile(r"([\w:{}~]*\boperator (?:new|delete|[\w:]).*)$")
_STENCIL = re.compile(r"(_[A-Z0-9_]+?)_r\d+(\.[a-z]+)$")
_MAX_NAME = 2000

_ABI_TAG = re.compile(
    r"\.(?:cpython-\w+(?:-[\w-]+)?|abi3(?:t|-\w+)?|pypy\w*(?:-[\w-]+)?|cp\d+-\w+)$"
)
_SO = re.compile(r"(?:\.so(?:\.[\w.]+)?|(?:\.\d+)*\.dylib|\.pyd|\.dll|\.exe)$")
_LIBRARY_VERSION = re.compile(r"(?:-[0-9a-f]{8})+(?:\..*)?$|-\d+(?:\.\d+)+$|(?:\.\d+)+$")
_PYTHON_BINARY = re.compile(r"(?:lib)?(?:python|Python)(?:\d+(?:\.\d+)?)?[tdm]*(?:-dbg)?")


def file_name(path: str) -> str:
    """The base name of a C source file; a JIT stencil's register variant (``_r23``) is dropped."""
    name = posixpath.basename(path.strip().replace("\\", "/").rstrip("/"))
    return _STENCIL.sub(r"\1\2", name)


def c_function(name: str) -> str:
    """A function's name, qualified but without return type, parameters, templates and clones.

    GCC names a C function barely where Clang prints its prototype, and both print C++ functions
    with prototypes of their own style (``__PRETTY_FUNCTION__``).
    """
    name = name.strip()[:_MAX_NAME]
    name = _CLONE_NOTE.sub("", name)
    name = _VERSIONED.sub("", name)
    name = _CLONE.sub("", name)
    name = _RUST_HASH.sub("", name)
    if name.isidentifier():
        return name
    name = _TEMPLATE_NOTE.sub("", name)
    name = _LAMBDA.sub("{lambda}", name)
    name = _LAMBDA_CALL.sub("{lambda}", name)
    name = _ANONYMOUS.sub("{anonymous}", name)
    operators: list[str] = []

    def protect(match: re.Match[str]) -> str:
        operators.append(match.group(1))
        return f"operator\x01{len(operators) - 1}\x02"

    name = _OPERATOR.sub(protect, name)
    name = _without(name, "<", ">")
    name = _QUALIFIER.sub("", name)
    pointer = re.match(r"[^()]*\(\*+\s*([\w:~]+)\s*\(", name)  # returns a pointer to a function
    if pointer:
        name = pointer.group(1)
    name = _QUALIFIER.sub("", _without(name, "(", ")")).strip()
    conversion = _CONVERSION.search(name)
    if conversion:
        name = conversion.group(1)
    else:
        words = name.split()
        name = words[-1] if words else name
    name = name.lstrip("*&").strip()
    for index, operator in enumerate(operators):
        name = name.replace(f"\x01{index}\x02", operator)
    return name


def _without(text: str, opening: str, closing: str) -> str:
    """The text without its (nested) bracketed parts."""
    if opening not in text:
        return text
    kept: list[str] = []
    depth = 0
    for char in text:
        if char == opening:
            depth += 1
        elif char == closing and depth:
            depth -= 1
        elif not depth:
            kept.append(char)
    return "".join(kept)


def library_name(path: str) -> str:
    """A library's or program's name without path, version and ABI tag; ``python`` for CPython."""
    name = posixpath.basename(path.strip().replace("\\", "/"))
    stem = _SO.sub("", name)
    if _PYTHON_BINARY.fullmatch(stem) or _PYTHON_BINARY.fullmatch(name):
        return "python"
    stem = _ABI_TAG.sub("", stem)
    return _LIBRARY_VERSION.sub("", stem) or name


_SITE = re.compile(r".*(?:^|/)(?:site|dist)-packages/(.+)")
_STDLIB = re.compile(r".*(?:^|/)(?:lib|lib64|lib32|Lib)/(?:python|pypy)\d(?:\.\d+)?t?/(.+)")
_IN_TREE = re.compile(r".*(?:^|/)Lib/(.+)")
_RUNNER = re.compile(r".*/((?:_pytest|pytest|pluggy)/[^/].*)")
_NAMELESS = frozenset({"__init__.py", "__main__.py"})


def python_file(path: str) -> str:
    """A Python file's path as far as it is the same on every machine.

    Relative to site-packages or the standard library; of other files the name alone, since
    nothing tells which of their folders belong to the machine. A package's ``__init__.py``
    says nothing without its folder.
    """
    if path.startswith("<"):
        return re.sub(r"\d+", "N", re.sub(r"0x[0-9a-fA-F]+", "0x?", path))
    path = path.replace("\\", "/")
    for pattern in (_SITE, _STDLIB, _IN_TREE, _RUNNER):
        match = pattern.fullmatch(path)
        if match:
            return match.group(1)
    parts = path.split("/")
    return "/".join(parts[-2:]) if parts[-1] in _NAMELESS else parts[-1]


_NUMBERS = re.compile(
    r"0x[0-9a-fA-F]+"  # an address
    r"|(?<![\w.])-\d+\b"  # a count gone negative
    r"|(?<![\w.])\d+(?= ?(?:[kKMG]i?B|bytes?|B)\b)"  # a size
    r"|(?<![\w.])\d{4,}(?![\w])"  # a pid, a size
)
_SOURCE_PLACE = re.compile(r"(?:[\w.+~@-]*/)+([\w.+-]+\.(?:c|h|cc|cpp|cxx|hpp|pyx|rs|py))\b")
_SOURCE_LINE = re.compile(r"(\.(?:c|h|cc|cpp|cxx|hpp|pyx|rs|py)):\d+(?::\d+)?")


def steady(message: str) -> str:
    """A message without what differs from run to run: addresses, sizes, pids, paths, lines."""
    message = " ".join(message.split())
    message = _SOURCE_LINE.sub(r"\1", message)
    message = _SOURCE_PLACE.sub(r"\1", message)
    return _NUMBERS.sub(lambda m: "0x?" if m.group().startswith("0x") else "N", message)
