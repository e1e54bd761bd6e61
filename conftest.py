"""How Hypothesis works in every test of this repository."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # no result depends on how fast a machine is …
    suppress_health_check=[HealthCheck.too_slow],  # … or how busy
    derandomize="CI" in os.environ,  # CI judges a change: the same examples each time, so that red means the change
    print_blob=True,  # anywhere else new examples are tried; what fails there prints how to repeat it
)
settings.load_profile("house")
