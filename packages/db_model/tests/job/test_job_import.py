"""What a batch job imports: the package of an entity offers its commands and still leads to its modules."""

import pkgutil
from importlib import import_module
from types import ModuleType

import pytest

import integrates.db_model as model
import integrates.db_model.organizations.facet as organization_facet
import integrates.db_model.vulnerabilities.types as vulnerability_types
from integrates.db_model import (
    access,
    comments,
    decision_imports,
    environment_urls,
    events,
    finding_policies,
    findings,
    forces,
    groups,
    imports,
    organizations,
    roots,
    stakeholders,
    tokens,
    vulnerabilities,
)
from integrates.db_model.organizations import facet
from integrates.db_model.vulnerabilities import commands, types

PACKAGES = (
    access,
    comments,
    decision_imports,
    environment_urls,
    events,
    finding_policies,
    findings,
    forces,
    groups,
    imports,
    organizations,
    roots,
    stakeholders,
    tokens,
    vulnerabilities,
)


def test_the_model_exports_what_a_job_needs() -> None:
    entities = {package.__name__.rpartition(".")[2] for package in PACKAGES}
    assert set(model.__all__) == {*entities, "Stamp", "Store", "errors", "open_store", "stamp"}
    assert [name for name in model.__all__ if not hasattr(model, name)] == []


def test_a_module_of_an_entity_is_imported_in_every_form() -> None:
    assert vulnerability_types is types is vulnerabilities.types
    assert organization_facet is facet is organizations.facet


def test_a_command_is_an_attribute_of_its_package() -> None:
    assert vulnerabilities.each is commands.each
    assert {"each", "reassign", "types"} <= set(dir(vulnerabilities))
    assert "Store" not in dir(vulnerabilities)


def test_what_is_no_command_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = vulnerabilities.nothing  # type: ignore[attr-defined]  # there is none


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__.rpartition(".")[2])
def test_no_command_is_called_like_a_module_of_its_package(package: ModuleType) -> None:
    modules = {module.name for module in pkgutil.iter_modules(package.__path__)}
    commands = import_module(f"{package.__name__}.commands")
    defined = {name for name, value in vars(commands).items() if getattr(value, "__module__", "") == commands.__name__}
    assert defined
    assert modules & defined == set()
