"""What every test can ask for: the truth beside the checkout, and a clean set of options."""

from __future__ import annotations

import os
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from flytetask_nb.errors import MissingExtraError
from flytetask_nb.extras import require

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data"

# One place says where the corpus, vectors and transcripts are: a checkout of a user does not have them.
TRUTH_VARIABLE = "FLYTETASK_NB_TRUTH"
TRUTH = Path(os.environ.get(TRUTH_VARIABLE, ROOT.parent / "shared"))

# Continuous integration must not go green because nothing was there to compare with.
REQUIRED_VARIABLE = "FLYTETASK_NB_REQUIRE"
REQUIRED = frozenset(os.environ.get(REQUIRED_VARIABLE, "").replace(",", " ").split())

# Trying hostile input takes as long as it is given: this makes it hours instead of a minute.
LONG_VARIABLE = "FLYTETASK_NB_LONG"

# A hundred kernels, servers and interpreters are started: each of them would compile the package again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Servers and clients are tested over gRPC, which comes with an extra.
try:
    require("cluster")
except MissingExtraError:
    collect_ignore = ["embedded_admin", "sources/client", "integrations/flytekit/test_remote.py"]

# How long a case takes depends on the machine, and no test may. Where CI runs, each run draws the same cases.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.register_profile("long", settings.get_profile("any machine"), max_examples=20_000, derandomize=False)
settings.load_profile("long" if os.environ.get(LONG_VARIABLE) else "any machine")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Divide the whole suite among the cores; a few tests are done before a worker would have started.

    There is one worker more than cores: that of the browser, and of servers, waits for other processes most of the time.
    """
    return (os.cpu_count() or 1) + 1 if config.args == config.getini("testpaths") else 0


# What shares what takes long to make: a server and a browser, what a type checker knows of other packages.
TOGETHER = {"tests/browser/": "browser", "tests/test_standards.py": "types", "tests/models/test_typing.py": "types"}
# What takes longest begins first, so that no worker waits for another at the end.
LONGEST = (*TOGETHER, "tests/test_gate.py", "tests/views/", "notebooks/", "tests/sources/")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each worker whole modules, and what belongs together to one of them."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 (a few tests are run without it)

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            groups = (group for prefix, group in TOGETHER.items() if nodeid.startswith(prefix))
            return next(groups, None) or str(super()._split_scope(nodeid))

    return Scheduling(config, log)


def when(item: pytest.Item) -> int:
    """Tell when a test comes: first those that take long, the others in their order."""
    return next((place for place, prefix in enumerate(LONGEST) if item.nodeid.startswith(prefix)), len(LONGEST))


# What some tests want, and how to have it.
REMEDIES = {
    "browser": "apt install chromium, pip install playwright",
    "example": "the Python and the packages that the example was packaged with",
    "flytekit": "a Python that flytekit is made for, 3.12 at most",
    "mypy": "pip install mypy",
    "truth": f"{TRUTH_VARIABLE} names the folder of Flyte's own answers",
}


def absent(what: str, reason: str) -> NoReturn:
    """Skip the test because ``what`` is not here, or fail it where the environment says it must be."""
    if what in REQUIRED:
        pytest.fail(f"{reason} ({REQUIRED_VARIABLE} names {what!r})", pytrace=False)
    pytest.skip(f"{what}: {reason}", allow_module_level=True)


def needs_flytekit(path: Path) -> bool:
    """Tell whether a notebook can only be run where flytekit is, and it is not here."""
    if path.suffix != ".ipynb" or "flytekit" not in path.name:
        return False
    try:
        require("flytekit")
    except MissingExtraError:
        return True
    return False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if needs_flytekit(item.path):
            item.add_marker(pytest.mark.skip("flytekit: the notebook is about it"))
    items.sort(key=when)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was skipped, and how to have it: the reasons of hundreds of tests are a few."""
    skipped: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else "?"
        what = reason.partition(":")[0]
        skipped[f"{what} ({REMEDIES[what]})" if what in REMEDIES else reason] += 1
    if skipped:
        told = "; ".join(f"{number} for want of {what}" for what, number in sorted(skipped.items()))
        terminalreporter.write_line(f"skipped: {told}")


def flytekit_module(name: str) -> Any:
    """Import a module of flytekit, or skip the test: flytekit is not made for every Python that the package is for."""
    try:
        return import_module(name)
    except ImportError as error:
        absent("flytekit", f"there is no flytekit to compare with: {error}")


def truth(name: str) -> Path:
    folder = TRUTH / name
    if not folder.is_dir():
        absent("truth", f"{name} is not at hand: {folder} is no folder; {TRUTH_VARIABLE} can name its parent")
    return folder


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Real archives, one folder a release."""
    return truth("corpus")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Return inputs with the answers of Flyte's own code."""
    return truth("vectors")


@pytest.fixture(scope="session")
def transcripts() -> Path:
    """Exchanges with a real Flyte Admin."""
    return truth("transcripts")


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the sample of all of these that ships with the project."""
    return DATA
