"""The build backend of every mini package that has none of its own: no requirements, no network.

The wheel holds the one import package of the folder; the editable one a .pth file that names it.
"""

import base64
import hashlib
import tomllib
import zipfile
from pathlib import Path


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    (package,) = Path.cwd().glob("mini_*")
    files = {f"{package.name}/{path.name}": path.read_bytes() for path in package.glob("*.py")}
    return _write_wheel(wheel_directory, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    (package,) = Path.cwd().glob("mini_*")
    return _write_wheel(wheel_directory, {f"{package.name}.pth": f"{package.parent}\n".encode()})


def _write_wheel(folder, files):
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    info = f"{stem}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".format(
            **project
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: mini\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n",
    }
    record = "".join(f"{name},{_hash(data)},{len(data)}\n" for name, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    wheel = f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, wheel), "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return wheel


def _hash(data):
    digest = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
