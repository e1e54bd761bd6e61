"""The scalars of the schema: how values of Python and of JSON become each other."""

import re
from datetime import date, datetime
from typing import Any, Final

from ariadne import ScalarType
from graphql import GraphQLError

from integrates.api.errors import Code
from integrates.api.upload import Upload
from integrates.db_model.errors import Rejected
from integrates.db_model.values.instant import instant, instant_text

_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _bad(text: str) -> GraphQLError:
    return GraphQLError(text, extensions={"code": Code.BAD_USER_INPUT})


def moment(value: Any) -> datetime:
    """Read an RFC 3339 date with an offset; the result is in UTC. Raise ``GraphQLError`` with BAD_USER_INPUT."""
    try:
        return instant(value)
    except (TypeError, Rejected):
        raise _bad("DateTime is an RFC 3339 date with an offset, such as 2026-01-31T12:00:00Z.") from None


def day(value: Any) -> date:
    """Read a day as ``YYYY-MM-DD``. Raise ``GraphQLError`` with BAD_USER_INPUT."""
    try:
        return date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except (TypeError, ValueError):
        raise _bad("Date is a day of the calendar, such as 2026-01-31.") from None


def file(value: Any) -> Upload:
    """Take a file that the server put in the place of a variable. Raise ``GraphQLError`` with BAD_USER_INPUT."""
    if not isinstance(value, Upload):
        raise _bad("Upload is a file of a multipart request.")
    return value


def bindables() -> list[ScalarType]:
    """Return the scalars of the schema."""
    return [
        ScalarType("DateTime", serializer=instant_text, value_parser=moment),
        ScalarType("Date", serializer=date.isoformat, value_parser=day),
        ScalarType("Upload", value_parser=file),
        ScalarType("JSON"),
    ]
