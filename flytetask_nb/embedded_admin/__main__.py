"""``python -m flytetask_nb.embedded_admin``: an embedded Admin until it is interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from flytetask_nb.embedded_admin.server import sandbox
from flytetask_nb.embedded_admin.settings import DOMAINS, PROJECTS
from flytetask_nb.errors import FlyteTaskError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m flytetask_nb.embedded_admin", description="A Flyte Admin on this machine, which runs nothing."
    )
    parser.add_argument("sources", nargs="*", help="archives or folders that are registered first")
    parser.add_argument("--port", type=int, default=30080, help="where to listen (%(default)s); 0: any free port")
    parser.add_argument("--database", default=":memory:", help="a SQLite file that keeps what is registered")
    parser.add_argument("--project", dest="projects", action="append", help="a project (repeatable)")
    parser.add_argument("--domain", dest="domains", action="append", help="a domain (repeatable)")
    parser.add_argument("--version", default="v1", help="for what has none (%(default)s)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run an embedded Admin until it is interrupted.

    Returns int: 0, or 1 where it cannot be started, or a source cannot be read.
    """
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    try:
        with sandbox(
            port=options.port,
            database=options.database,
            projects=options.projects or PROJECTS,
            domains=options.domains or DOMAINS,
        ) as admin:
            filled = admin.load(options.sources, version=options.version, errors="collect")
            sys.stderr.writelines(f"{refusal}\n" for refusal in filled.refused)
            sys.stdout.write(f"Flyte Admin listens at {admin.endpoint} (insecure), with {filled.tasks} tasks more\n")
            sys.stdout.flush()
            stopped.wait()
    except FlyteTaskError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
