"""Which packages turn the GIL on, by which modules, and how that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeille.analysis.freethreading.compat import GilVerdict, PackageCompat, compat_of
from labeille.reports.document import (
    Block,
    Bullets,
    Code,
    Document,
    Grid,
    Heading,
    Inline,
    Paragraph,
    inline,
)
from labeille.reports.words import one_line
from labeille.results.extension_compat import ExtensionOrigin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeille.analysis.freethreading.runs import FreeThreadedRun
    from labeille.results.extension_compat import ExtensionModule, WheelSupport

#: Modules and declarations of a package that are named.
_NAMED = 12


def compat_document(run: FreeThreadedRun, *, extensions_only: bool = False) -> Document:
    """A row a package, and more of those that turn the GIL on or that little is known of."""
    found = compat_of(run.records.values(), extensions_only=extensions_only)
    blocks: list[Block] = []
    if found:
        blocks += [Paragraph(inline(_counts(found))), compat_grid(found)]
        for each in found:
            blocks += package_blocks(each)
    else:
        what = "with extension modules " if extensions_only else ""
        blocks.append(Paragraph(inline(f"the run has no package {what}")))
    return Document(f"the GIL in free-threaded run {run.run_id}", tuple(blocks))


def compat_grid(packages: Iterable[PackageCompat]) -> Grid:
    """A row a package."""
    columns = ("package", "version", "GIL", "modules", "asking for it", "sources", "newest wheels")
    return Grid(
        columns=columns,
        rows=tuple(_row(package) for package in packages),
        numbers=frozenset({"modules"}),
    )


def package_blocks(package: PackageCompat) -> list[Block]:
    """The modules of a package that ask for the GIL, and those that nothing is known of."""
    compat = package.compat
    lines = [_module_line(module) for module in package.asking[:_NAMED]]
    lines += [_module_line(module) for module in package.unknown[:_NAMED]]
    if compat is not None and compat.import_error:
        lines.append(inline(f"it cannot be imported: {one_line(compat.import_error)}"))
    if compat is not None and compat.probe_error:
        lines.append(inline(f"not examined: {one_line(compat.probe_error)}"))
    if not lines:
        return []
    if compat is not None and compat.source_scan is not None:
        lines += [
            inline(Code(f"{each.file}:{each.line_number}"), " ", Code(each.line_text))
            for each in compat.source_scan.declarations[:_NAMED]
        ]
    return [Heading(f"{package.name}: {package.verdict}", 3), Bullets(tuple(lines))]


def _counts(packages: Iterable[PackageCompat]) -> str:
    verdicts = [package.verdict for package in packages]
    counts = {each: verdicts.count(each) for each in GilVerdict}
    return ", ".join(_counted(each, count) for each, count in counts.items() if count)


def _counted(verdict: GilVerdict, count: int) -> str:
    """Such as "3 leave the GIL off"."""
    ending = "s" if count == 1 else ""
    words = {
        GilVerdict.PURE: "pure Python",
        GilVerdict.STAYS_OFF: f"leave{ending} the GIL off",
        GilVerdict.TURNS_ON: f"turn{ending} the GIL on",
        GilVerdict.UNKNOWN: "unknown",
        GilVerdict.NOT_EXAMINED: "not examined",
    }
    return f"{count} {words[verdict]}"


def _row(package: PackageCompat) -> tuple[Inline, ...]:
    record, compat = package.record, package.compat
    asking = [module.module_name for module in package.asking]
    parts: list[str | Code] = []
    for name in asking[:3]:
        parts += [", ", Code(name)]
    if len(asking) > 3:
        parts.append(f" and {len(asking) - 3} more")
    return (
        inline(package.name),
        inline(record.package_version or record.sdist_version or ""),
        inline(package.verdict.value),
        inline(str(len(package.modules)) if package.modules else ""),
        tuple(parts[1:]),
        inline(_declared(package)),
        inline(_wheels(compat.wheels if compat else None)),
    )


def _declared(package: PackageCompat) -> str:
    """What the sources say: "3 without, 1 with"."""
    not_used, used = package.declarations
    parts = [f"{not_used} without the GIL"] if not_used else []
    parts += [f"{used} with the GIL"] if used else []
    if parts:
        return ", ".join(parts)
    scan = package.compat.source_scan if package.compat else None
    return "nothing declared" if scan is not None and package.has_extensions else ""


def _wheels(wheels: WheelSupport | None) -> str:
    if wheels is None:
        return ""
    if wheels.problem:
        return "unknown"
    tags = ", ".join((*wheels.free_threaded, *wheels.abi3))
    pure = "pure" if wheels.pure else ""
    return f"{wheels.version}: {tags or pure or 'none of these'}"


def _module_line(module: ExtensionModule) -> Inline:
    whose = {
        ExtensionOrigin.PACKAGE: "",
        ExtensionOrigin.DEPENDENCY: f", of {module.distribution}",
        ExtensionOrigin.OTHER: ", installed for other reasons",
    }[module.origin]
    why = module.evidence or ("the GIL came on with it" if module.triggered_gil_fallback else "")
    failed = f"; {one_line(module.import_error)}" if module.import_error else ""
    return inline(Code(module.module_name), f"{whose}: {why}{failed}")
