"""The names of images, and whether what a tool has scanned is another image (domain section 18)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrates.db_model.errors import Rejected
from integrates.db_model.roots.image import image_reference, names_other_image, reference_of
from integrates.db_model.roots.types import ImageLocation

SHA = "a1b2c3d4" * 8


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("ubuntu", "docker.io", "library/ubuntu", None),
        (" ubuntu:24.04 ", "docker.io", "library/ubuntu", "24.04"),
        ("library/ubuntu", "docker.io", "library/ubuntu", None),
        ("docker.io/ubuntu", "docker.io", "library/ubuntu", None),
        ("index.docker.io/library/ubuntu", "docker.io", "library/ubuntu", None),
        ("registry-1.docker.io/shop/web", "docker.io", "shop/web", None),
        ("Docker.IO/shop/web", "docker.io", "shop/web", None),
        ("shop/web", "docker.io", "shop/web", None),
        ("shop/team/web:1", "docker.io", "shop/team/web", "1"),
        ("ghcr.io/shop/web:v1.2_3-x", "ghcr.io", "shop/web", "v1.2_3-x"),
        ("GHCR.io/shop/web", "ghcr.io", "shop/web", None),
        ("LocalHost/web", "localhost", "web", None),
        ("localhost/web", "localhost", "web", None),
        ("localhost:5000/web:1", "localhost:5000", "web", "1"),
        ("localhost:5000", "docker.io", "library/localhost", "5000"),
        ("registry.example:443/a/b", "registry.example:443", "a/b", None),
        ("10.0.0.1:5000/a", "10.0.0.1:5000", "a", None),
        ("[2001:DB8::1]:5000/a", "[2001:db8::1]:5000", "a", None),
        ("[::1]/a", "[::1]", "a", None),
        (f"ubuntu@sha256:{SHA}", "docker.io", "library/ubuntu", None),
        (f"ghcr.io/a/b:1@sha256:{SHA}", "ghcr.io", "a/b", "1"),
        (SHA[:12], "docker.io", f"library/{SHA[:12]}", None),
        ("a__b/c-d/e.f/g---h", "docker.io", "a__b/c-d/e.f/g---h", None),
        ("r.example/" + "a" * 255 + ":" + "t" * 128, "r.example", "a" * 255, "t" * 128),
    ],
)
def test_a_name_is_read_as_docker_reads_it(text: str, registry: str, repository: str, tag: str | None) -> None:
    found = image_reference(text, ())
    assert found == ImageLocation(registry=registry, repository=repository, tag=tag)
    assert image_reference(reference_of(found), ()) == found


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "required"),
        ("a" * 1001, "too_long"),
        ("r.example/" + "a" * 256, "too_long"),
        ("a:" + "t" * 129, "bad_characters"),
        ("a b", "bad_characters"),
        ("a\nb", "bad_characters"),
        ("ubuntu\u202e", "bad_characters"),
        ("${IMAGE}", "bad_characters"),
        ("Ubuntu", "bad_format"),
        ("shop/Web", "bad_format"),
        ("Shop/web", "bad_format"),
        ("a//b", "bad_format"),
        ("a/", "bad_format"),
        ("/a", "bad_format"),
        ("a..b", "bad_format"),
        ("a___b", "bad_format"),
        ("-a", "bad_format"),
        ("a:", "bad_characters"),
        (":1", "bad_format"),
        ("a:-1", "bad_characters"),
        ("https://ghcr.io/shop/web", "bad_format"),
        ("user@host/a", "bad_format"),
        ("a@sha256:abc", "bad_format"),
        (f"@sha256:{SHA}", "bad_format"),
        (f"sha256:{SHA}", "bad_format"),
        (SHA, "bad_format"),
        ("r.example:0/a", "bad_format"),
        ("r.example:65536/a", "bad_format"),
        ("r.example:080/a", "bad_format"),
        ("-r.example/a", "bad_format"),
        ("1.2.3/a", "bad_format"),
        ("[::1/a", "bad_format"),
        ("[r.example]/a", "bad_format"),
        ("::1/a", "bad_format"),
    ],
)
def test_what_is_no_name_of_an_image_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        image_reference(text, ("reference",))
    assert (caught.value.reason, caught.value.path) == (reason, ("reference",))


@given(st.text("aA1.:/@-_[]", max_size=30) | st.text(max_size=30))
def test_reading_is_idempotent(text: str) -> None:
    try:
        found = image_reference(text, ())
    except Rejected:
        return
    assert image_reference(reference_of(found), ()) == found


WEB = ImageLocation(registry="registry.example:5000", repository="shop/web", tag="1.2")
UBUNTU = ImageLocation(registry="docker.io", repository="library/ubuntu")


@pytest.mark.parametrize(
    ("artifact", "location"),
    [
        ("registry.example:5000/shop/web:1.2", WEB),
        ("registry.example:5000/shop/web:1.3", WEB),
        ("registry.example:5000/shop/web", WEB),
        (f"Registry.example:5000/shop/web@sha256:{SHA}", WEB),
        ("docker:registry.example:5000/shop/web", WEB),
        ("docker://registry.example:5000/shop/web", WEB),
        ("registry:5000/shop/web", ImageLocation(registry="registry:5000", repository="shop/web")),
        ("registry:ubuntu", UBUNTU),
        ("registry:2", ImageLocation(registry="docker.io", repository="library/registry")),
        ("docker:dind", ImageLocation(registry="docker.io", repository="library/docker")),
        ("index.docker.io/library/ubuntu", UBUNTU),
        (" ubuntu:20.04\n", UBUNTU),
    ],
)
def test_the_same_repository_is_no_other_image(artifact: str, location: ImageLocation) -> None:
    assert not names_other_image(artifact, location)


@pytest.mark.parametrize(
    "artifact",
    [
        "registry.example:5000/shop/api:1.2",
        "registry.example/shop/web:1.2",
        "shop/web",
        "ubuntu",
        f"ubuntu@sha256:{SHA}",
        "docker:ubuntu:24.04",
        "registry:ubuntu:24.04",
        "podman:localhost/web:1",
    ],
)
def test_another_repository_is_another_image(artifact: str) -> None:
    assert names_other_image(artifact, WEB)


@pytest.mark.parametrize(
    "artifact",
    [
        "",
        " ",
        ".",
        "./image.tar",
        "../web",
        "/tmp/web",  # noqa: S108 - a path that a tool names, nothing is written there
        "~/web",
        "web.tar",
        "web.tar.gz",
        "WEB.TGZ",
        "web.sif",
        "sbom.json",
        "src\\web",
        "C:\\web",
        "C:/web",
        "web/",
        "dir:web",
        "dir:/src",
        "file:web",
        "sbom:web",
        "docker-archive:web",
        "oci-dir:web",
        "singularity:web",
        "purl:pkg:npm/left-pad@1.3.0",
        f"sha256:{SHA}",
        SHA,
        SHA[:12],
        "https://git.example/shop/web",
        "git@git.example:shop/web.git",
        "Web App",
        "a\x00b",
        "a" * 1_000_000,
        "a.tar." * 200_000,
        "\\" * 1_000_000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_name_of_an_image_is_no_other_image(artifact: str) -> None:
    assert not names_other_image(artifact, WEB)


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    assert names_other_image(text, WEB) in {True, False}
