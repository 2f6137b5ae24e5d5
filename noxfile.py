# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "cachecontrol[filecache]>=0.14.4",
#     "click>=8.2",
#     "distlib>=0.4",
#     "filelock>=3.20",
#     "jinja2>=3.1.6",
#     "msgspec>=0.20",
#     "nox>=2026.10.20",
#     "packaging>=25.0",
#     "platformdirs>=4.3",
#     "psutil>=7.0",
#     "pyyaml>=6.0.3",
#     "requests>=2.32.4",
#     "rich>=14.1",
#     "tomli>=2.2.1",
#     "urllib3>=2.5",
#     "virtualenv>=20.35",
# ]
# ///
"""labeille runs the test suites of PyPI packages on a CPython build, to find the build's bugs.

  nox -s run-idna                   one package, from nothing to a verdict
  nox -s run-idna -- --help         its options, the same as those of `labeille run`
  nox -t crash-hunt                 every package; fails when something crashed
  nox -t crash-hunt -j 4            the same, four at a time
  nox -l -t crash-hunt              lists them all; further tags: pure, extensions, top50, top500

  nox -s diff-idna                  does a test behave differently with the JIT? (tag differential)
  nox -s ft-idna                    is it safe without the GIL? (tag free-threading)
  nox -s bisect-idna -- --good 3.4  the first bad commit
  nox -s scan-idna                  what its tests need

  nox -s analyze-run report         what the last run found; more: analyze-compare, triage, …
  nox -s resolve enrich validate    upkeep of the registry
  nox -s tests lint typecheck       labeille's own development

`nox -l` lists the sessions and the most downloaded packages. Every other package of the registry
has its sessions too: nox -s run-<package>.
"""

import sys
from pathlib import Path

import nox

# The nox script does not put the noxfile's folder on sys.path.
sys.path.insert(0, str(Path(__file__).parent))

from sessions.register import register

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "uv|virtualenv"

register()
