"""Options that the commands of the client share."""

from typing import Annotated, Final

import typer

URL_HELP: Final = "Address of the service. [env: INTEGRATES_URL; default: that of the last login]"
HTTP_HELP: Final = "Send the token over http, where others can read it. [env: INTEGRATES_ALLOW_HTTP]"

UrlOption = Annotated[str | None, typer.Option("--url", metavar="URL", help=URL_HELP, show_default=False)]
AllowHttpOption = Annotated[bool, typer.Option("--allow-http", help=HTTP_HELP)]
GroupOption = Annotated[str, typer.Option("--group", metavar="NAME", envvar="INTEGRATES_GROUP", help="The group, by name.")]
LimitOption = Annotated[int, typer.Option("--limit", min=0, metavar="N", help="Most rows; 0 for all.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
