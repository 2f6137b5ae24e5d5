"""The JSON schema of package files, for editors; made from the model."""

from __future__ import annotations

import json

from labeille.registry.fields import MINOR_VERSION, FieldType, Kind, default_value, known_types

_KINDS = {
    Kind.STR: "string",
    Kind.INT: "integer",
    Kind.FLOAT: "number",
    Kind.BOOL: "boolean",
    Kind.LIST: "array",
    Kind.DICT: "object",
}
_MINOR = f"^{MINOR_VERSION}$"

#: What each field is for, and what its type alone does not say.
_FACTS: dict[str, dict[str, object]] = {
    "package": {"description": "The package's name; the file's, whatever the spelling."},
    "repo": {"description": "What git clone takes.", "pattern": "^[^-]"},
    "pypi_url": {"description": "The project's page on the package index."},
    "extension_type": {"description": "Whether the package has compiled parts."},
    "python_versions": {
        "description": "Python versions the package was enriched for.",
        "items": {"type": "string", "pattern": _MINOR},
    },
    "install_method": {"description": "How install_command came about."},
    "install_command": {
        "description": "Run by the shell in the checkout, with the environment's pip and python."
    },
    "test_command": {"description": "Run by the shell in the checkout, under the condition."},
    "test_framework": {"description": "What the test command runs."},
    "uses_xdist": {"description": "Whether the suite is set up for pytest-xdist."},
    "timeout": {
        "description": "Limit of one trial in seconds; null: the run's.",
        "exclusiveMinimum": 0,
    },
    "skip": {"description": "Not run unless --force-run."},
    "skip_reason": {"description": "Why it is skipped."},
    "skip_versions": {
        "description": "Pythons (major.minor) it is not run on, each with the reason.",
        "propertyNames": {"pattern": _MINOR},
        "additionalProperties": {"type": "string"},
    },
    "notes": {"description": "For people."},
    "enriched": {"description": "Whether somebody looked after the commands."},
    "clone_depth": {"description": "Depth of the clone in commits; null: shallow.", "minimum": 1},
    "import_name": {
        "description": "What the import check imports; null: derived.",
        "pattern": r"^[^\W\d]\w*(\.[^\W\d]\w*)*$",
    },
    "source": {"description": "Where the source comes from; null: the run's choice."},
    "env": {
        "description": "Environment variables of the install and the tests.",
        "propertyNames": {"pattern": "^[^=]+$"},
        "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    },
}


def package_schema() -> dict[str, object]:
    """The schema (JSON Schema 2020-12) of one package file.

    It is what one is to write, a little stricter than what is read: no old spellings, and versions
    in quotes.
    """
    properties = {name: _property(name, kind) for name, kind in known_types().items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "labeille package file",
        "description": "How one PyPI package is got, installed and tested.",
        "type": "object",
        "required": ["package"],
        "properties": properties,
    }


def schema_text() -> str:
    """The schema as it is published in docs/package.schema.json."""
    return json.dumps(package_schema(), indent=2) + "\n"


def _property(name: str, known: FieldType) -> dict[str, object]:
    kind = _KINDS[known.kind]
    found: dict[str, object] = {"type": [kind, "null"] if known.nullable else kind}
    if known.members:
        found["enum"] = [*known.members, *([None] if known.nullable else [])]
    if name != "package":
        found["default"] = default_value(name, None)
    return {**found, **_FACTS[name]}
