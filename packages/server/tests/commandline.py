"""The command line, called in the process of the tests."""

from collections.abc import Mapping, Sequence

from typer.testing import CliRunner

from integrates.server.cli.main import new_command


def invoked(
    arguments: Sequence[str], environ: Mapping[str, str | None] | None = None, stdin: str | None = None
) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command. What it does not foresee is raised."""
    done = CliRunner().invoke(new_command(), arguments, input=stdin, env=environ)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr
