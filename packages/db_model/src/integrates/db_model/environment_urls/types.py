"""The environment url entity: where a GIT root runs."""

from datetime import datetime
from enum import StrEnum

import msgspec

from integrates.db_model.entity.types import Entity


class EnvironmentUrlType(StrEnum):
    """What runs there."""

    APK = "APK"
    CLOUD = "CLOUD"
    DATABASE = "DATABASE"
    URL = "URL"


class CloudName(StrEnum):
    """The cloud in which it runs."""

    AWS = "AWS"
    AZURE = "AZURE"
    GCP = "GCP"
    KUBERNETES = "KUBERNETES"


class EnvironmentUrlStatus(StrEnum):
    """Whether it still runs there."""

    ACTIVE = "ACTIVE"
    DELETED = "DELETED"


class EnvironmentUrlState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Status of the environment url."""

    status: EnvironmentUrlStatus
    at: datetime
    by: str


class EnvironmentUrl(Entity, frozen=True, kw_only=True):
    """Where a GIT root runs.

    ``url`` is in one spelling where ``url_type`` is URL, else whatever names the cloud account, database or application.
    ``cloud_name`` stands for CLOUD only. ``include`` says whether it is tested.
    """

    id: str
    root_id: str
    group_name: str
    organization_id: str
    url: str
    url_type: EnvironmentUrlType
    cloud_name: CloudName | None = None
    include: bool = True
    state: EnvironmentUrlState
