"""The registry is found where the user says, then here, then in the installation."""

from __future__ import annotations

from pathlib import Path

import pytest
from registry_samples import make_registry

import labeille
from labeille.errors import RegistryError
from labeille.registry.location import (
    REGISTRY_DIR_VARIABLE,
    find_registry,
    registry_to_write,
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed labeille without a checkout, started in an empty folder."""
    here = tmp_path / "here"
    here.mkdir()
    package = tmp_path / "site-packages" / "labeille"
    package.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.delenv(REGISTRY_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(labeille, "__file__", str(package / "__init__.py"))
    return tmp_path


def test_the_order_of_places(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RegistryError, match="no registry was found"):
        find_registry()
    wheel = make_registry(elsewhere / "site-packages/labeille/_registry", {"a": ""}).root
    assert find_registry() == wheel
    checkout = make_registry(elsewhere / "site-packages/registry", {"a": ""}).root
    assert find_registry() == checkout
    here = make_registry(elsewhere / "here/registry", {"a": ""}).root
    assert find_registry() == here
    variable = make_registry(elsewhere / "variable", {}).root
    monkeypatch.setenv(REGISTRY_DIR_VARIABLE, "../variable")
    assert find_registry().resolve() == variable
    option = make_registry(elsewhere / "here/option", {}).root
    assert find_registry(Path("option")) == option
    monkeypatch.setenv(REGISTRY_DIR_VARIABLE, "")
    assert find_registry() == here


def test_a_folder_that_happens_to_be_called_registry(elsewhere: Path) -> None:
    wheel = make_registry(elsewhere / "site-packages/labeille/_registry", {"a": ""}).root
    (elsewhere / "here/registry/packages").mkdir(parents=True)
    assert find_registry() == wheel


@pytest.mark.parametrize(
    ("name", "message"), [("missing", "is no folder"), ("here", "holds no packages folder")]
)
def test_a_named_one_that_is_none(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    with pytest.raises(RegistryError, match=f"--registry-dir: .*{message}"):
        find_registry(elsewhere / name)
    monkeypatch.setenv(REGISTRY_DIR_VARIABLE, str(elsewhere / name))
    with pytest.raises(RegistryError, match=f"{REGISTRY_DIR_VARIABLE}: .*{message}"):
        find_registry()


def test_the_packages_folder_itself(elsewhere: Path) -> None:
    registry = make_registry(elsewhere / "r", {"a": ""})
    with pytest.raises(RegistryError) as caught:
        find_registry(registry.packages_dir)
    assert caught.value.hint == f"name the folder above it: {registry.root}"


def test_where_a_registry_is_written(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_registry(elsewhere / "site-packages/labeille/_registry", {"a": ""})
    here = elsewhere / "here/registry"
    assert registry_to_write() == here  # it may be one to come; the shipped one is never it
    here.mkdir()
    assert registry_to_write() == here
    monkeypatch.setenv(REGISTRY_DIR_VARIABLE, str(elsewhere / "variable"))
    assert registry_to_write() == elsewhere / "variable"
    assert registry_to_write(Path("option")) == elsewhere / "here/option"
    existing = make_registry(elsewhere / "r", {"a": ""}).root
    assert registry_to_write(existing) == existing


def test_a_folder_of_something_else_is_not_written(elsewhere: Path) -> None:
    registry = make_registry(elsewhere / "r", {"a": ""})
    with pytest.raises(RegistryError, match="holds no packages folder") as caught:
        registry_to_write(registry.packages_dir)
    assert caught.value.hint == f"name the folder above it: {registry.root}"
    (elsewhere / "file").touch()
    with pytest.raises(RegistryError, match=r"--registry-dir: .* cannot be read: Not a directory"):
        registry_to_write(elsewhere / "file")
