"""What an organization may hold (domain sections 2 and 3)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from integrates.db_model.entity.rules import ENTITY, by
from integrates.db_model.errors import Reason, Rejected
from integrates.db_model.organizations.types import Organization, OrganizationInfo, OrganizationStatus
from integrates.db_model.policies.rules import POLICIES, contradictions
from integrates.db_model.values.check import Arguments, whole_of
from integrates.db_model.values.text import identifier, name, one_line, shaped

COUNTRIES: Final = frozenset(
    re.findall(
        "[A-Z]{2}",
        "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
        "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
        "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
        "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
        "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
        "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
        "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW",
    )
)
"""The officially assigned codes of ISO 3166-1 alpha-2, which change about once in ten years."""


def is_live(organization: Organization) -> bool:
    """Return whether the organization was not removed."""
    return organization.state.status is OrganizationStatus.ACTIVE


def country(value: str, path: Sequence[str]) -> str:
    """Return the code of a country, in upper case as it is stored; an unassigned one is ``bad_format``."""
    text = shaped(one_line(value, path, low=2, high=2).upper(), path, "[A-Z]", "..")
    if text not in COUNTRIES:
        raise Rejected(Reason.BAD_FORMAT, path)
    return text


ARGUMENTS: Final = Arguments(OrganizationInfo, {"name": name, "country": country})
"""What a new organization is given."""

_FIELDS: Final = whole_of(
    Organization,
    {
        **ENTITY,
        **POLICIES,
        "id": identifier,
        "info.name": name,
        "info.country": country,
        "state.by": by,
    },
)


def whole(organization: Organization) -> Iterator[Rejected]:
    """Yield each refusal of an organization in any state (E13)."""
    refused = _FIELDS(organization)
    yield from refused or contradictions(organization.policies, ("policies",))
