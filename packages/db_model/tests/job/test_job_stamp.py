"""The stamp of what a batch job does, and that importing the model needs nothing else."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import integrates.db_model as model
from integrates.db_model.errors import Rejections
from integrates.db_model.job import stamp
from integrates.db_model.values.instant import SKEW

LEAN = """
import sys
import integrates.db_model
loaded = [name for name in sys.modules if name.partition(".")[0] in {"boto3", "botocore", "sqlite3", "pytest", "hypothesis"}]
adapters = [f"integrates.db_model.{name}" for name in ("store.memory", "store.sqlite", "store.dynamodb", "files", "testing")]
print(*loaded, *(name for name in adapters if name in sys.modules))
"""


def test_a_stamp_is_of_this_moment_and_each_has_a_change_id_of_its_own() -> None:
    before = datetime.now(UTC)
    one, other = stamp("tag_folder", by="jobs@demo.example"), stamp("tag_folder", by="jobs@demo.example")
    assert before <= one.at <= other.at <= datetime.now(UTC)
    assert (one.operation, one.by) == ("tag_folder", "jobs@demo.example")
    assert str(UUID(one.change_id)) == one.change_id != other.change_id


def test_a_date_that_is_given_is_told_in_utc() -> None:
    at = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5)))
    made = stamp("tag_folder", by="system", at=at)
    assert (made.at, made.at.tzinfo) == (at, UTC)


def test_a_clock_that_is_ahead_a_little_is_forgiven() -> None:
    at = datetime.now(UTC) + SKEW / 2
    assert stamp("tag_folder", by="system", at=at).at == at


@pytest.mark.parametrize(
    "arguments, refusals",
    [
        ({"operation": "Tag folder"}, [("bad_format", ("operation",))]),
        ({"operation": ""}, [("bad_format", ("operation",))]),
        ({"by": "Jobs@demo.example"}, [("not_canonical", ("by",))]),
        ({"by": None}, [("wrong_type", ("by",))]),
        ({"at": datetime(2026, 1, 31)}, [("bad_format", ("at",))]),  # noqa: DTZ001 - what is refused
        ({"at": datetime.now(UTC) + timedelta(days=1)}, [("in_future", ("at",))]),
        ({"at": datetime(2400, 1, 1, tzinfo=UTC)}, [("out_of_range", ("at",)), ("in_future", ("at",))]),
        ({"by": "nobody", "operation": "-"}, [("bad_format", ("by",)), ("bad_format", ("operation",))]),
    ],
)
def test_a_bad_stamp_is_refused_with_all_reasons(arguments: dict[str, Any], refusals: list[Any]) -> None:
    with pytest.raises(Rejections) as caught:
        stamp(**{"operation": "tag_folder", "by": "system", **arguments})
    assert [(one.reason, one.path) for one in caught.value.refusals] == refusals


def test_importing_the_model_loads_no_adapter() -> None:
    done = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_strangers_distribution_in_our_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "integrates").mkdir()
    (tmp_path / "integrates/__init__.py").write_text("")
    (tmp_path / "integrates/db_model").symlink_to(Path(model.__path__[0]))
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import integrates.db_model"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: another distribution called `integrates` is installed" in done.stderr
