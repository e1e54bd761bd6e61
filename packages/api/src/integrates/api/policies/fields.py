"""Fields of policies."""

from collections.abc import Mapping
from typing import Final

import msgspec
from graphql.pyutils import snake_to_camel

from integrates.api.resolve.binding import Binding
from integrates.db_model.policies.rules import effective
from integrates.db_model.policies.types import EffectivePolicies, Policies


class ShownPolicies(EffectivePolicies, frozen=True, kw_only=True, gc=True):
    """The policies in force, and those of them that are set in the group or organization itself, named as in the schema."""

    own: Mapping[str, int | float | bool]


def policies_shown(organization: Policies, group: Policies | None = None) -> ShownPolicies:
    """Return the policies in force with the values that are set there, for a group or for the organization itself."""
    stored = organization if group is None else group
    own = {name: getattr(stored, name) for name in stored.__struct_fields__ if getattr(stored, name) is not None}
    return ShownPolicies(
        **msgspec.structs.asdict(effective(organization, group)),
        own={
            snake_to_camel(name, upper=False): value if isinstance(value, int) else float(value) for name, value in own.items()
        },
    )


BINDING: Final = Binding(shows={"Policies": ShownPolicies})
