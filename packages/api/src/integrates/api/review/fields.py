"""Mutations of the state of vulnerabilities, and of what people say of one. What they show is bound in `vulnerability`."""

from typing import Final

from integrates.api.resolve.binding import Binding
from integrates.api.review.mutations import MUTATIONS
from integrates.db_model.findings.types import RemovalJustification

BINDING: Final = Binding(fields=MUTATIONS, enums={"RemovalJustification": RemovalJustification})
