"""Fields of invitations."""

from typing import Final

from integrates.api.invitation.list import Invited
from integrates.api.resolve.binding import Binding

BINDING: Final = Binding(shows={"Invitation": Invited})
