"""The contract of the store port: one named test for each promise, to be imported whole into a test module."""

from integrates.db_model.testing.requirements.agreement import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.counting import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.handle import *  # noqa: F403 - every fixture of the module
from integrates.db_model.testing.requirements.limit import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.paging import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.racing import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.reading import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.trouble import *  # noqa: F403 - every test of the module
from integrates.db_model.testing.requirements.writing import *  # noqa: F403 - every test of the module
