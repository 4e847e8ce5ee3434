"""`corsproxy run --learn FILE`: what has to hold before any page may do anything."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corsproxy.cli.failure import fail
from corsproxy.config.command_line import quick_table
from corsproxy.config.learnt_file import LearnError, LearntFile
from corsproxy.config.settings import Config

Options = Mapping[str, Any]  # as click hands them over: texts, tuples of texts, flags

_STRANGERS = """\
--learn lets any page do anything, with the user's cookies, so it serves on loopback only; others
reach {listen}. Such as:

  --listen 127.0.0.1:8080"""


def learnt_file(
    path: Path, loaded: Config, table: Path | None, upstream: str | None, options: Options
) -> LearntFile:
    """Return the file to be written, tried; exit with status 2 where it should not begin.

    What is written is made of the file `table`, or of the command line without one.
    """
    public = [listener for listener in loaded.listen if not listener.loopback]
    if public:
        fail([_STRANGERS.format(listen=public[0])], 2)
    try:
        if table is None:
            file = LearntFile(path, quick_table(upstream or "", options), {})
        else:
            file = LearntFile.of_table(path, table)
        file.check(loaded)
    except LearnError as error:
        fail([f"--learn {path}: {error}"], 2)
    return file
