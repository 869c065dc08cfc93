"""A Jupyter server on loopback that serves a copy of the notebooks, with JupyterLab, Notebook and Voila on it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

import psutil

from tests.conftest import DATA, ROOT

if TYPE_CHECKING:
    from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 20

# What a person finds after installing JupyterLab, without news, updates, tokens, or anything asked outside.
FLAGS = (
    "--no-browser",
    "--expose-app-in-browser",
    "--ServerApp.ip=127.0.0.1",
    "--ServerApp.allow_root=True",
    "--IdentityProvider.token=",
    "--ServerApp.disable_check_xsrf=True",
    "--JupyterNotebookApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.extension_manager=readonly",
    "--VoilaConfiguration.show_tracebacks=True",
)

SETTINGS = {
    # JupyterLab leaves cells that are out of sight unrendered unless told otherwise.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # It asks whether to ask for news, on top of the notebook.
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}

# The extensions are found by packages' own config files as well; naming them makes a missing one an error.
EXTENSIONS = {"jupyterlab": True, "notebook": True, "voila.server_extension": True}

KERNEL = {
    "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "Python 3",
    "language": "python",
}


class Theme(NamedTuple):
    """What JupyterLab and Voila call one of the two looks."""

    lab: str
    voila: str
    is_light: bool


THEMES = {
    "light": Theme(lab="JupyterLab Light", voila="light", is_light=True),
    "dark": Theme(lab="JupyterLab Dark", voila="dark", is_light=False),
}


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def copy_checkout(target: Path) -> Path:
    """Copy what a notebook may read, so that running one never changes the checkout; return its notebooks."""
    notebooks = target / "notebooks"
    notebooks.mkdir(parents=True)
    if (ROOT / "notebooks").is_dir():
        shutil.copytree(
            ROOT / "notebooks", notebooks, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "__pycache__")
        )
    if DATA.is_dir():
        shutil.copytree(DATA, target / DATA.relative_to(ROOT))
    return notebooks


class JupyterServer:
    """One running server; its kernels are this interpreter and import the checkout."""

    def __init__(self, folder: Path) -> None:
        self.notebooks = copy_checkout(folder / "checkout")
        self._state = folder / "state"
        self._log = folder / "server.log"
        self.use_theme("light")
        for plugin, settings in SETTINGS.items():
            self._write_settings(plugin, settings)
        write_json(self._state / "data" / "kernels" / "python3" / "kernel.json", KERNEL)
        server = {"ServerApp": {"jpserver_extensions": EXTENSIONS}}
        write_json(self._state / "config" / "jupyter_server_config.json", server)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        command = [sys.executable, "-m", "jupyterlab", *FLAGS, f"--ServerApp.port={port}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.notebooks}"],
                cwd=self.notebooks,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "IPYTHON"))}
        import_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        return inherited | {
            "JUPYTER_CONFIG_DIR": str(self._state / "config"),
            "JUPYTER_DATA_DIR": str(self._state / "data"),
            "JUPYTER_RUNTIME_DIR": str(self._state / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._state / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._state / "workspaces"),
            "IPYTHONDIR": str(self._state / "ipython"),
            # In a virtual environment the kernel beside the interpreter would win over the one written above.
            "JUPYTER_PREFER_ENV_PATH": "0",
            "PYTHONPATH": import_path,
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}api/status", timeout=5):  # noqa: S310 (our own http address)
                return True
        except OSError:
            return False

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                message = f"the Jupyter server did not come up within {START_SECONDS} s:\n{self.log()}"
                raise RuntimeError(message)
            time.sleep(0.1)

    def _write_settings(self, plugin: str, value: object) -> None:
        write_json(self._state / "settings" / f"{plugin}.jupyterlab-settings", value)

    def use_theme(self, name: str) -> None:
        """Let pages that are opened from now on have this look."""
        self._write_settings("@jupyterlab/apputils-extension/themes", {"theme": THEMES[name].lab})

    def check(self, name: str) -> None:
        """Fail at once where a page would wait for a notebook that is not there."""
        if not (self.notebooks / name).is_file():
            message = f"{name} is not among the notebooks"
            raise FileNotFoundError(message)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End the server and whatever it started."""
        family = psutil.Process(self._process.pid).children(recursive=True) if self._process.poll() is None else []
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for survivor in psutil.wait_procs(family, timeout=2)[1]:
            survivor.kill()
