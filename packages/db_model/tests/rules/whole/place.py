"""Whole roots that are no repositories, and environment urls (E13): a row for each bad value of each member of their own."""

from msgspec.structs import replace
from packages.db_model.tests.rules.whole.judge import state
from packages.db_model.tests.rules.whole.value import ADA, AT, EVERY, ID, KEPT, Kind, Row, Take, below

from integrates.db_model.entity.types import Entity
from integrates.db_model.environment_urls.rules import web_url
from integrates.db_model.environment_urls.types import (
    CloudName,
    EnvironmentUrl,
    EnvironmentUrlState,
    EnvironmentUrlStatus,
    EnvironmentUrlType,
)
from integrates.db_model.roots.host import ip, url_path, url_query
from integrates.db_model.roots.image import image_tag, registry
from integrates.db_model.roots.types import (
    DeactivationReason,
    ImageLocation,
    ImageRoot,
    IPLocation,
    IPRoot,
    RootInfo,
    RootState,
    RootStatus,
    URLLocation,
    URLProtocol,
    URLRoot,
)
from integrates.db_model.values.url import address

_ALIKE = {
    "id": ID,
    "group_name": "webshop",
    "organization_id": ID,
    "info": RootInfo(nickname="shop"),
    "state": RootState(status=RootStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
}
IMAGE = ImageRoot(location=ImageLocation(registry="ghcr.io", repository="shop/web", tag="1.2"), **_ALIKE)
DOCKER = ImageRoot(location=ImageLocation(registry="docker.io", repository="library/ubuntu"), **_ALIKE)
HOST = IPRoot(location=IPLocation(address="192.0.2.7"), **_ALIKE)
SITE = URLRoot(
    location=URLLocation(protocol=URLProtocol.HTTPS, host="shop.example", port=443, path="/app", query="a=1"), **_ALIKE
)
CLUSTER = EnvironmentUrl(
    id=ID,
    root_id=ID,
    group_name="webshop",
    organization_id=ID,
    url="x" * 2048,
    url_type=EnvironmentUrlType.CLOUD,
    cloud_name=CloudName.AWS,
    state=EnvironmentUrlState(status=EnvironmentUrlStatus.ACTIVE, at=AT, by=ADA),
    **KEPT,
)
STAGING = replace(CLUSTER, url="https://shop.example/app", url_type=EnvironmentUrlType.URL, cloud_name=None)
_OTHERS = [replace(STAGING, url="a b", url_type=kind) for kind in (EnvironmentUrlType.APK, EnvironmentUrlType.DATABASE)]

GOOD: list[Entity] = [
    CLUSTER,
    STAGING,
    state(STAGING, status=EnvironmentUrlStatus.DELETED),
    *_OTHERS,
    IMAGE,
    HOST,
    SITE,
    DOCKER,
    ImageRoot(location=ImageLocation(registry="[::1]:5000", repository="a"), **_ALIKE),
    URLRoot(location=URLLocation(protocol=URLProtocol.HTTP, host="::1", port=1, path="/"), **_ALIKE),
    *(state(one, status=RootStatus.INACTIVE, reason=DeactivationReason.OUT_OF_SCOPE) for one in (IMAGE, HOST, SITE)),
]
KINDS: list[tuple[Entity, list[Kind]]] = [
    (one, [*EVERY, ("id", "ids"), ("organization_id", "ids"), ("group_name", "names"), ("state.by", "actors"), *own])
    for one, own in (
        (IMAGE, []),
        (HOST, []),
        (SITE, [("location.port", "numbers", 1, 65_535)]),
        (CLUSTER, [("root_id", "ids"), ("url", "lines", 2048)]),
        (STAGING, [("root_id", "ids")]),
    )
]
ROWS: list[tuple[Entity, list[Row]]] = [
    (
        IMAGE,
        [
            *below(
                "location.registry",
                ("GHCR.io", "not_canonical"),
                ("index.docker.io", "not_canonical"),
                ("registry", "bad_format"),
                ("https://ghcr.io", "bad_format"),
                ("ghcr.io:0", "bad_format"),
                ("", "required"),
            ),
            *below(
                "location.repository",
                ("Shop", "bad_format"),
                ("a" * 256, "too_long"),
                ("a:1", "bad_characters"),
                ("", "required"),
            ),
            *below("location.tag", ("-1", "bad_format"), ("a" * 129, "too_long"), ("a b", "bad_characters"), ("", "required")),
            *below("info.nickname", ("=cmd()", "bad_characters")),
            ("state.status", RootStatus.INACTIVE, "required", "state.reason"),
        ],
    ),
    (DOCKER, [("location.repository", "ubuntu", "not_canonical", "location.repository")]),
    (
        HOST,
        [*below("location.address", ("::FFFF:1.2.3.4", "not_canonical"), ("shop.example", "bad_characters"), ("", "required"))],
    ),
    (
        SITE,
        [
            *below("location.protocol", ("HTTPS", "wrong_type")),
            *below(
                "location.host",
                ("Shop.example", "not_canonical"),
                ("a/b", "bad_characters"),
                ("a..b", "bad_format"),
                ("", "required"),
            ),
            *below(
                "location.path", ("app", "bad_format"), ("/a b", "bad_characters"), ("/?", "bad_characters"), ("", "required")
            ),
            *below("location.query", ("a#b", "bad_characters"), ("a" * 2049, "too_long"), ("", "required")),
        ],
    ),
]
ROWS += [
    (
        STAGING,
        [
            *below(
                "url",
                ("https://shop.example", "not_canonical"),
                ("https://shop.example:443/app", "not_canonical"),
                ("https://SHOP.example/app", "not_canonical"),
                ("https://user@shop.example/", "bad_format"),
                ("ftp://shop.example/", "bad_format"),
                ("https://shop.example/" + "p/" * 21, "too_long"),
                ("", "required"),
            ),
            ("cloud_name", CloudName.GCP, "inconsistent", "cloud_name"),
            ("url_type", EnvironmentUrlType.CLOUD, "required", "cloud_name"),
            *below("url_type", ("URL", "wrong_type")),
            *below("include", (None, "wrong_type"), (1, "wrong_type")),
            *below("state.status", ("ACTIVE", "wrong_type")),
        ],
    ),
    (CLUSTER, [*below("cloud_name", (None, "required"), ("AWS", "wrong_type"))]),
    *((one, [("cloud_name", CloudName.AWS, "inconsistent", "cloud_name")]) for one in _OTHERS),
]
TAKEN: list[tuple[Entity, str, Take]] = [
    (STAGING, "url", lambda text, path: web_url(f"https://h/{text}", path)),
    (IMAGE, "location.registry", lambda text, path: registry(f"r.{text}", path)),
    (IMAGE, "location.tag", image_tag),
    (HOST, "location.address", ip),
    (SITE, "location.host", address),
    (SITE, "location.path", url_path),
    (SITE, "location.query", url_query),
]
