"""What a source stands for: files, folders, globs, URLs, bytes, open files, lists."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
import yaml
from fsspec.registry import known_implementations
from google.protobuf import json_format

import flytetask_nb as ftn
from tests.sources import building
from tests.sources.building import data, package
from tests.web_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of releases inside the present folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "releases"
    (folder / "old").mkdir(parents=True)
    (folder / "r10.tgz").write_bytes(package(["a.ten"]))
    (folder / "r9.tgz").write_bytes(package(["a.nine"]))
    (folder / "old" / "r1.tgz").write_bytes(package(["a.one"]))
    (folder / "README.md").write_text("about")
    return folder


def sources_of(source: Any) -> list[str]:
    return [str(task.source) for task in ftn.load(source)]


@pytest.mark.parametrize(
    "kind", [str, Path, os.fsencode, lambda path: f"file://{path}"], ids="str Path bytes URL".split()
)
def test_a_file_has_many_names(kind: Any, releases: Path) -> None:
    """A path may be a text, a Path, bytes in an os.PathLike, or a URL."""

    class Named:
        def __fspath__(self) -> bytes:
            return os.fsencode(releases / "r9.tgz")

    source = Named() if kind is os.fsencode else kind(releases / "r9.tgz")
    assert ftn.load(source).names == ["a.nine"]


def test_sources_are_named_as_the_user_names_them(releases: Path) -> None:
    """A relative path stays relative, and so does what is found under it."""
    assert releases.is_dir()
    assert sources_of("releases/r9.tgz") == ["releases/r9.tgz!0_a.nine_1.pb"]
    assert sources_of("releases") == [
        "releases/old/r1.tgz!0_a.one_1.pb",
        "releases/r9.tgz!0_a.nine_1.pb",
        "releases/r10.tgz!0_a.ten_1.pb",
    ]
    assert sources_of("./releases/") == [f"./{source}" for source in sources_of("releases")]
    assert sources_of("releases/r*.tgz") == sources_of("releases")[1:]


def test_home_is_known(releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the user's home."""
    monkeypatch.setenv("HOME", str(releases))
    assert ftn.load("~/r9.tgz").names == ["a.nine"]


def test_a_folder_is_read_with_all_in_it(releases: Path) -> None:
    """Folders inside a folder are read, other files counted, hidden ones ignored."""
    (releases / ".hidden").mkdir()
    (releases / ".hidden" / "x.json").write_text("no task")
    (releases / ".x.json").write_text("no task")
    loaded = ftn.load(releases)
    assert (loaded.names, loaded.skipped) == (["a.nine", "a.one", "a.ten"], {"other files": 1})


def test_a_folder_of_messages_is_read(tmp_path: Path) -> None:
    """``pyflyte serialize`` writes the entries of an archive into a folder."""
    (tmp_path / "0_a.one_1.pb").write_bytes(data("a.one"))
    (tmp_path / "1_a.flow_2.pb").write_bytes(building.workflow().SerializeToString())
    (tmp_path / "2_a.flow_3.pb").write_bytes(building.launch_plan().SerializeToString())
    (tmp_path / "fast12.tar.gz").write_bytes(b"code")
    loaded = ftn.load(tmp_path)
    assert loaded.names == ["a.one"]
    assert loaded.skipped == {"launch plans": 1, "other files": 1, "workflows": 1}


def test_links_in_a_circle_end(releases: Path) -> None:
    """A folder that contains itself is read once."""
    (releases / "old" / "again").symlink_to(releases)
    assert len(ftn.load(releases)) == 3


def test_a_folder_that_cannot_be_read_is_told(releases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a folder without rights is not lost without a word."""
    scandir = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("old"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    loaded = ftn.load(releases, errors="collect")
    assert loaded.names == ["a.nine", "a.ten"]
    assert [str(releases / "old")] == [failure.source for failure in loaded.failures]
    assert "Permission denied" in loaded.failures[0].reason


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("releases/r?.tgz", ["a.nine"]),
        ("releases/r[19]*", ["a.nine", "a.ten"]),
        ("releases/**/*.tgz", ["a.nine", "a.one", "a.ten"]),
        ("releases/**", ["a.nine", "a.one", "a.ten"]),
        ("releases/*", ["a.nine", "a.one", "a.ten"]),
        ("rel*", ["a.nine", "a.one", "a.ten"]),
    ],
)
def test_patterns_are_followed(pattern: str, expected: list[str], releases: Path) -> None:
    """A pattern gives each file once, and folders that it matches with what is in them."""
    loaded = ftn.load(pattern)
    assert (len(expected), expected) == (len(loaded), loaded.names)
    assert releases.is_dir()


def test_a_name_with_brackets_is_a_name_first(tmp_path: Path) -> None:
    """A file whose name looks like a pattern is the file."""
    (tmp_path / "r[1].tgz").write_bytes(package(["a.one"]))
    assert ftn.load(tmp_path / "r[1].tgz").names == ["a.one"]


def test_lists_keep_their_order(releases: Path) -> None:
    """A list of sources is read in its own order; anything in it may be a source, lists too."""
    archive = releases / "r9.tgz"
    loaded = ftn.load([archive, [data("a.bytes")], iter([str(releases / "r10.tgz")]), archive])
    assert [task.name for task in loaded] == ["a.nine", "a.bytes", "a.ten", "a.nine"]


def test_no_sources_are_no_tasks() -> None:
    """An empty list is an empty collection."""
    assert ftn.load([]) == ftn.TaskCollection()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, io.BytesIO])
@pytest.mark.parametrize(
    "content",
    [
        package(["a.one"]),
        building.tar(building.entry("a_1.pb", data("a.one"))),
        data("a.one"),
        b'{"template": {"id": {"name": "a.one"}, "type": "t"}}',
        b"\xef\xbb\xbf [{'template'".replace(b"'", b'"') + b': {"id": {"name": "a.one"}, "type": "t"}}]',
        b"template:\n  id: {name: a.one}\n  type: t\n",
    ],
    ids="tgz tar pb json list yaml".split(),
)
def test_bytes_are_told_by_how_they_begin(content: bytes, kind: Any) -> None:
    """Bytes and open files without a name are read whatever they hold."""
    assert ftn.load(kind(content)).names == ["a.one"]


def test_an_open_file_is_left_open_and_read_from_where_it_stands(releases: Path) -> None:
    """The caller's file stays the caller's."""
    with (releases / "r9.tgz").open("rb") as file:
        assert sources_of(file) == [f"{releases / 'r9.tgz'}!0_a.nine_1.pb"]
        assert not file.closed
    stream = io.BytesIO(b"header" + data("a.one"))
    stream.seek(6)
    assert ftn.load(stream).names == ["a.one"]


class Trickle(io.RawIOBase):
    """A stream as a socket is one: it cannot go back, and gives a few bytes at a time."""

    def __init__(self, content: bytes) -> None:
        self._stream = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(min(size, 7) if size >= 0 else 7)


@pytest.mark.parametrize("content", [package(["a.one"]), data("a.one")], ids="tgz pb".split())
def test_a_stream_need_not_go_back(content: bytes) -> None:
    """A stream that gives a few bytes at a time, and no position, is read to its end."""
    assert ftn.load(Trickle(content)).names == ["a.one"]


def test_an_open_file_is_limited() -> None:
    """A stream without end is given up at the limit."""

    class Endless:
        def read(self, size: int) -> bytes:
            return bytes([1]) * size

    with pytest.raises(ftn.LoadError, match="<Endless>: more than 67,108,864 bytes"):
        ftn.load(Endless())


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (io.StringIO("{}"), "open it in binary mode"),
        (type("Odd", (), {"read": lambda *_: None})(), "reading gives NoneType, expected bytes"),
    ],
)
def test_streams_of_something_else_are_told(stream: Any, expected: str) -> None:
    """A stream that gives no bytes is told what is expected."""
    with pytest.raises(ftn.LoadError, match=expected):
        ftn.load(stream)


def test_a_stream_that_fails_is_told() -> None:
    """Whatever a driver raises while it reads is one error of ours, with the file's name."""

    class Failing(io.BytesIO):
        name = "s3-object.tgz"

        def read(self, size: int | None = -1) -> bytes:
            del size
            raise RuntimeError("connection reset")

    with pytest.raises(ftn.LoadError, match=r"s3-object\.tgz: cannot be read: connection reset"):
        ftn.load(Failing())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.tgz", "missing.tgz: there is no such file or folder; check the path"),
        ("", "there is no such file or folder"),
        ("no*.tgz", r"no\*.tgz: no file matches this pattern"),
        ("releases/*.md", "the pattern matches no file that can be loaded; expected an archive"),
        ("releases/README.md", "README.md: files of this kind are not read; expected .tar, .tgz, .tar.gz, .pb, .json"),
        ("empty", "empty: the folder holds no file that can be loaded"),
        ("releases/gone.tgz", "it is neither a file nor a folder"),
    ],
)
def test_what_is_not_there_is_told(name: str, expected: str, releases: Path) -> None:
    """The error names the source, what was expected, and what to do."""
    (releases.parent / "empty").mkdir()
    (releases / "gone.tgz").symlink_to("nowhere")
    with pytest.raises(ftn.LoadError, match=expected):
        ftn.load(name)


@pytest.mark.parametrize("source", [None, 3, {"a": 1}, object])
def test_other_objects_are_no_sources(source: Any) -> None:
    """What cannot be a source is named by its type."""
    with pytest.raises(ftn.errors.ModelTypeError, match=f"a source of type {type(source).__name__} cannot be loaded"):
        ftn.load(source)


# -- URLs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def memory() -> Any:
    """Return fsspec's file system in memory, and clear it afterwards."""
    system = fsspec.filesystem("memory")
    system.pipe("/lake/r10.tgz", package(["a.ten"]))
    system.pipe("/lake/r9.tgz", package(["a.nine"]))
    system.pipe("/lake/old/r1.tgz", package(["a.one"]))
    system.pipe("/lake/.hidden/x.json", b"no task")
    system.pipe("/lake/README.md", b"about")
    yield system
    system.rm("/lake", recursive=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("memory://lake/r9.tgz", ["memory://lake/r9.tgz!0_a.nine_1.pb"]),
        (
            "memory://lake",
            [
                "memory://lake/old/r1.tgz!0_a.one_1.pb",
                "memory://lake/r9.tgz!0_a.nine_1.pb",
                "memory://lake/r10.tgz!0_a.ten_1.pb",
            ],
        ),
        ("memory://lake/r*.tgz", ["memory://lake/r9.tgz!0_a.nine_1.pb", "memory://lake/r10.tgz!0_a.ten_1.pb"]),
    ],
)
def test_urls_are_read(url: str, expected: list[str], memory: Any) -> None:
    """A file, a folder and a pattern may lie where fsspec finds them, and keep their scheme."""
    assert [source.replace(":///", "://") for source in sources_of(url)] == expected
    assert memory.exists("/lake")


def test_a_missing_url_is_told(memory: Any) -> None:
    """An address where nothing is gives an error that names it."""
    assert memory.exists("/lake")
    with pytest.raises(
        ftn.LoadError, match=r"memory://lake/none\.tgz: there is no such file or folder; check the addr"
    ):
        ftn.load("memory://lake/none.tgz")


def test_a_missing_driver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its driver, an address gives an error that says which package to install."""
    driver = {"class": "lakefs_driver.System", "err": "Install lakefs_driver to access the lake"}
    monkeypatch.setitem(known_implementations, "lake", driver)
    expected = r"lake://x\.tgz: the driver for this address is not installed: Install lakefs_driver"
    with pytest.raises(ftn.LoadError, match=expected):
        ftn.load("lake://x.tgz")


def test_an_unknown_scheme_is_told() -> None:
    """An address that no driver knows gives an error that names it."""
    with pytest.raises(ftn.LoadError, match=r"nowhere://x\.tgz: this address cannot be opened: .*not known: nowhere"):
        ftn.load("nowhere://x.tgz")


def test_a_driver_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, memory: Any) -> None:
    """Whatever a driver raises is one error of ours."""

    def fail(*_: object) -> None:
        raise KeyError("credentials" * 100)

    told = r"memory://lake/r9\.tgz: cannot be read: .*credentials.*…; check"
    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "isfile", fail)
        with pytest.raises(ftn.LoadError, match=told) as caught:
            ftn.load("memory://lake/r9.tgz")
    assert len(str(caught.value)) < 500


def test_local_files_need_no_fsspec(releases: Path) -> None:
    """Reading a local file loads neither fsspec nor YAML nor tqdm."""
    code = (
        "import sys, flytetask_nb as ftn; ftn.load(sys.argv[1]); "
        "print([name for name in ('fsspec', 'yaml', 'tqdm', 'pandas') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(releases / "r9.tgz")]
    root = Path(ftn.__file__).parent.parent
    finished = subprocess.run(command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(root)})
    assert finished.stdout.strip() == "[]"


# -- the web -------------------------------------------------------------------------------------------------------

TASK_LIST = json_format.MessageToJson(
    building.of_kind("TaskList", building.template("a.one"), building.template("a.two"))
).encode()
TASK_LIST_YAML = yaml.safe_dump(json.loads(TASK_LIST)).encode()
ANSWERS = {
    "/api/v1/tasks/shop/development?limit=5": ("application/json", TASK_LIST),
    "/api/v1/tasks/shop/development": ("application/json; charset=utf-8", TASK_LIST),
    "/api/v1/tasks/shop/development/a.one/v1.2?x=*": ("application/json", TASK_LIST),
    "/tasks?form=yaml": ("application/x-yaml", TASK_LIST_YAML),
    "/download?file=1": ("application/octet-stream", package(["a.one", "a.two"])),
    "/unsaid?file=1": ("", TASK_LIST),
    "/wrong?file=1": ("text/plain", TASK_LIST),
    # What object stores sign: the name tells what it is, and the query nothing.
    "/release%20v1.tgz?signature=ab12&expires=1": ("", package(["a.one", "a.two"])),
    "/tasks.yaml?version=3": ("application/json", TASK_LIST_YAML),
    "/login?next=1": ("text/html", b"<!doctype html><html></html>"),
}


class Answering(BaseHTTPRequestHandler):
    """Answers as a server behind a gateway does, which may know no HEAD."""

    knows_head = True

    def do_HEAD(self) -> None:
        if self.knows_head:
            self._answer()
        else:
            self.send_error(405)

    def do_GET(self) -> None:
        self.wfile.write(self._answer())

    def _answer(self) -> bytes:
        if self.path not in ANSWERS:
            self.send_error(401 if "private" in self.path else 404)
            return b""
        media_type, content = ANSWERS[self.path]
        self.send_response(200)
        if media_type:
            self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(params=[True, False], ids=["with HEAD", "without HEAD"])
def web(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the answers on loopback."""
    pytest.importorskip("aiohttp")
    monkeypatch.setattr(Answering, "knows_head", request.param)
    with serving(Answering) as address:
        yield address


@pytest.mark.parametrize("path", [path for path in ANSWERS if "login" not in path])
def test_an_address_of_the_web_is_read_by_what_it_holds(path: str, web: str) -> None:
    """A name that tells is believed, without its query; else the server is, and else the content."""
    tasks = ftn.load(web + path)
    assert tasks.names == ["a.one", "a.two"]
    assert str(tasks[0].source).startswith(f"{web}{path}!0")


def test_what_is_not_read_from_the_web_is_told(web: str) -> None:
    """A login page is one, what is not there is not, and a question mark is no pattern."""
    for path, expected in {
        "/login?next=1": "a web page",
        "/missing?limit=5": "there is no such file or folder; check the address",
        "/private?limit=5": "401",
    }.items():
        with pytest.raises(ftn.LoadError, match=expected):
            ftn.load(web + path)
