"""``paektuseis config``: the settings and their meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Show or check the settings of a run."
)


@app.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(help="A settings file; default: every default.")
    ] = None,
) -> None:
    """Print every setting with its value, unit and meaning, as TOML ready to edit.

    Example: paektuseis config show > run.toml
    """
    from ..config import load_settings, settings_to_toml

    typer.echo(settings_to_toml(load_settings(file)), nl=False)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A settings file (TOML).")]) -> None:
    """Say whether a settings file can be used; exit code 2 if not."""
    from ..config import load_settings, settings_hash

    typer.echo(f"{file}: good, settings {settings_hash(load_settings(file))[:12]}")
