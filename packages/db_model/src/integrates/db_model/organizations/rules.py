"""What an organization may be (domain sections 2 and 3)."""

import re
from collections.abc import Sequence
from typing import Final

from integrates.db_model.errors import Rejected
from integrates.db_model.organizations.types import Organization, OrganizationStatus
from integrates.db_model.values import one_line, shaped

COUNTRIES: Final = frozenset(
    re.findall(
        "..",
        "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCR"
        "CUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHU"
        "IDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQ"
        "MRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURWSASBSCSDSESGSHSI"
        "SJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSYEYTZAZMZW",
    )
)
"""The officially assigned codes of ISO 3166-1 alpha-2, which change about once in ten years."""


def is_live(organization: Organization) -> bool:
    """Tell whether the organization was not removed."""
    return organization.state.status is OrganizationStatus.ACTIVE


def country(value: str, path: Sequence[str]) -> str:
    """Return the code of a country in upper case. Raises ``Rejected``; an unassigned code is ``bad_format``."""
    text = shaped(one_line(value, path, low=2, high=2).upper(), path, "[A-Z]", "..")
    if text not in COUNTRIES:
        raise Rejected("bad_format", path)
    return text
