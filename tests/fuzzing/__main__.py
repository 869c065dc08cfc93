"""Look for bytes that a reader cannot take, guided by what of the package they reach.

Done with atheris (``pip install atheris``), which there is for some Pythons. What it came upon that reached something new
lies in the folder of ``--corpus``; ``--keep`` puts the shortest of it into ``tests/data/fuzz``.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-not-found]


def main() -> None:
    os.environ["FLYTETASK_NB_PROGRESS"] = "0"
    with atheris.instrument_imports(include=["flytetask_nb"]):
        import flytetask_nb  # noqa: PLC0415 - what is imported here is watched

        for module in pkgutil.walk_packages(flytetask_nb.__path__, "flytetask_nb."):
            if not module.name.startswith(("flytetask_nb.integrations", "flytetask_nb.__main__")):
                importlib.import_module(module.name)
        from tests.fuzzing import targets  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", choices=targets.TARGETS)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument(
        "--corpus", type=Path, help="a folder of inputs, where new ones go; by default one of this run's"
    )
    parser.add_argument(
        "--keep", action="store_true", help="look for nothing, and keep the shortest inputs of --corpus"
    )
    given = parser.parse_args()
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix="corpus"))
    corpus.mkdir(exist_ok=True)
    if given.keep:
        targets.keep(given.target, (path.read_bytes() for path in corpus.iterdir()))
        return
    for number, raw in enumerate(targets.kept(given.target)):
        (corpus / f"kept{number}").write_bytes(raw)
    options = (f"-max_total_time={given.seconds}", "-max_len=4096", "-rss_limit_mb=2048", "-timeout=30")
    arguments = [sys.argv[0], *options, f"-artifact_prefix={corpus.parent}/{given.target}-", str(corpus)]
    atheris.Setup(arguments, targets.TARGETS[given.target])
    atheris.Fuzz()


main()
