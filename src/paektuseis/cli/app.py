"""The program and its verbs; errors become exit codes here and nowhere else."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys

import typer

from ..errors import NoRecordsError, OutputError, PaektuseisError
from . import (
    batch,
    classify,
    completeness,
    config,
    day,
    demo,
    doctor,
    event,
    fetch,
    follow,
    importing,
    index,
    interrupts,
    locate,
    match,
    network,
    quality,
    report,
    stats,
    timeline,
)
from .common import EXIT_INTERRUPTED, EXIT_NO_DATA, EXIT_OUTPUT, EXIT_USAGE, NoDataError, complain

# click or typer's own copy of it, whichever this typer uses
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]

EPILOG = (
    "Exit codes: 0 done, 1 done with problems reported, 2 wrong usage or nothing usable, "
    "3 no data, 4 cannot write, 130 interrupted, 143 told to terminate."
)

app = typer.Typer(
    name="paektuseis",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text: loading rich costs half of the time of --help
    help="Volcano seismology from archived waveforms to station and event summaries.\n\n"
    "Start with `paektuseis demo`; then point `paektuseis day` at your own "
    "folder of records.",
    epilog=EPILOG,
)
for verb in (
    demo.demo,
    day.day,
    importing.import_,
    fetch.fetch,
    follow.follow,
    index.index,
    doctor.doctor,
    batch.batch,
    timeline.timeline,
    report.report,
    event.event,
    locate.locate,
    classify.classify,
    match.match,
    stats.stats,
    completeness.completeness,
    quality.quality,
    network.network,
):
    # the whole first sentence, not its first words
    app.command(
        verb.__name__.rstrip("_"),
        short_help=" ".join((verb.__doc__ or "").partition("\n\n")[0].split()),
    )(verb)
app.add_typer(config.app, name="config")


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
    verbose: bool = typer.Option(False, "--verbose", "-v", help="Log what is done, on stderr."),
) -> None:
    if verbose:
        logging.basicConfig(
            level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
        )
    if version:
        from .. import __version__

        typer.echo(f"paektuseis {__version__}")
        raise typer.Exit


_DISK = frozenset(
    number
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EFBIG")
    if (number := getattr(errno, name, None)) is not None
)
"""Errors of a disk that takes nothing more."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : list of str, optional
        Words after the program's name; by default those of the process.

    Returns
    -------
    int
    """
    try:
        result = app(arguments, standalone_mode=False, prog_name="paektuseis")
        if result == EXIT_INTERRUPTED:  # typer has made this of a KeyboardInterrupt
            complain(interrupts.take_note(signal.SIGINT))
        return result if isinstance(result, int) else 0
    except _UsageError as error:
        error.show()  # type: ignore[attr-defined]
        return EXIT_USAGE
    except (KeyboardInterrupt, typer.Abort):
        complain(interrupts.take_note(signal.SIGINT))
        return EXIT_INTERRUPTED
    except interrupts.Terminated:
        complain(interrupts.take_note(signal.SIGTERM))
        return 128 + signal.SIGTERM
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OutputError as error:
        complain(str(error))
        return EXIT_OUTPUT
    except (NoDataError, NoRecordsError) as error:
        complain(str(error))
        return EXIT_NO_DATA
    except PaektuseisError as error:
        complain(str(error))
        return EXIT_USAGE
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        complain(f"{name}{error.strerror or error}")
        return EXIT_OUTPUT if error.errno in _DISK else EXIT_USAGE
    except MemoryError:
        complain("not enough memory; take a shorter span, fewer channels or fewer workers")
        return EXIT_USAGE


def main() -> None:
    """Entry point of the ``paektuseis`` program."""
    interrupts.open_streams()
    interrupts.listen()
    try:
        code = run()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        complain(f"standard output: {error.strerror or error}")
        code = EXIT_OUTPUT
    except Exception:  # an error of the program is not a run that is done with problems
        if not interrupts.heard():
            logging.getLogger("paektuseis").exception("unexpected error in the program")
        code = EXIT_USAGE
    if number := interrupts.heard():  # compiled modules may make another error of it
        if not interrupts.is_told(number):
            complain(interrupts.take_note(number))
        code = 128 + number
    sys.exit(code)
