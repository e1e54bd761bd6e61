"""The store requirements as a suite that anyone can run on an adapter of their own.

A test module takes them all, and tells of the adapter in one fixture (pytest-asyncio in auto mode runs them)::

    from integrates.db_model.testing.requirements import *  # noqa: F403 - each requirement is a test of this module


    @pytest.fixture
    def adapter(tmp_path: Path) -> Adapter: ...

For readable failures its ``conftest.py`` says ``pytest.register_assert_rewrite("integrates.db_model.testing.requirements")``.
"""
