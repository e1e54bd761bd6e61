"""The store requirements as a suite that anyone can run on an adapter of their own.

A test module imports them all, and describes the adapter in one fixture (pytest-asyncio in auto mode runs them)::

    from integrates.db_model.testing.requirements import *  # noqa: F403 - each requirement is a test of this module


    @pytest.fixture
    def adapter(tmp_path: Path) -> Adapter: ...

For readable failures, call ``pytest.register_assert_rewrite("integrates.db_model.testing.requirements")`` in ``conftest.py``.
"""
