"""From serialized tasks to the parts of tasks in one go, through Arrow columns, without building a message each.

A *projection* describes the fields of a ``TaskSpec`` that tables read, under the same numbers, to ``ptars``, which
parses thousands of messages by it at once. Whatever is deep or recursive stays bytes there, and is parsed by protobuf
itself, once for all tasks that share it.

The plain path in ``extraction`` is the reference. Two rules keep this one equal to it:

- A field that holds one message is declared as repeated. Where it stands twice, because serializations were merged,
  that shows, and the task is read plainly; so is one with two targets, a pod, or anything else out of the ordinary.
- Bytes are accepted only if protobuf can parse them at the place where they stand, whether a column needs them or
  not; a task with bytes that it cannot parse is read plainly, which tells why it is no task. What ptars itself refuses
  is found by halving the batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from flytetask_nb.extras import pa, pc
from flytetask_nb.models.flyte2_schema import FLYTE2
from flytetask_nb.protobuf_wire import BYTES, NUMBER, TEXT, Fields, described, parsed
from flytetask_nb.semantics.commands import MAP_ENTRYPOINT
from flytetask_nb.tables.arrow_lists import items, lengths, listed, lists, numbered, owners, parsed_batch
from flytetask_nb.tables.command_text import BUNDLE_FLAG, MARKED_WORD, PLAIN_WORD, code_bundle
from flytetask_nb.tables.extractors import PARTS, Messages, is_mapped
from flytetask_nb.tables.interfaces import signatures_in
from flytetask_nb.tables.pods import pod_runners
from flytetask_nb.tables.runners import NO_RUNNER

if TYPE_CHECKING:
    from flytetask_nb.tables.extracted import Extracted
    from flytetask_nb.tables.factorized import Coded

_BATCH: Final = 32_768
_BATCH_BYTES: Final = 2**28
"""Arrow counts the bytes of a column in 31 bits."""
_FEW: Final = 16
"""Tasks that are no longer halved to find the one that ptars refuses."""
_FEW_WORDS: Final = 500
"""Words up to which preparing the patterns takes longer than looking at each."""


# Number, name, type, and whether it is repeated: what holds one message is, to see when it stands there twice.
_MESSAGES: Final[dict[str, Fields]] = {
    "Identifier": [
        (2, "project", TEXT, False),
        (3, "domain", TEXT, False),
        (4, "name", TEXT, False),
        (5, "version", TEXT, False),
        (6, "org", TEXT, False),
    ],
    "Pair": [(1, "key", TEXT, False), (2, "value", TEXT, False)],
    "Container": [
        (1, "image", TEXT, False),
        (2, "command", TEXT, True),
        (3, "args", TEXT, True),
        (4, "resources", BYTES, True),
        (5, "env", "Pair", True),
        (6, "config", "Pair", True),
        (7, "ports", BYTES, True),
        (9, "data_config", BYTES, True),
        (10, "architecture", NUMBER, False),
    ],
    "Template": [
        (1, "id", "Identifier", True),
        (2, "type", TEXT, False),
        (3, "metadata", BYTES, True),
        (4, "interface", BYTES, True),
        (5, "custom", BYTES, True),
        (6, "container", "Container", True),
        (7, "task_type_version", NUMBER, False),
        (8, "security_context", BYTES, True),
        (9, "extended_resources", BYTES, True),
        (16, "config", BYTES, True),
        (17, "k8s_pod", BYTES, True),
        (18, "sql", BYTES, True),
    ],
    "Spec": [(1, "template", "Template", True), (2, "description", BYTES, True), (FLYTE2, "flyte2", BYTES, True)],
}
_SPEC: Final = described("projection", _MESSAGES, "Spec")
_SEPARATOR: Final = "\0"
_PLACES: Final[dict[str, tuple[int, ...]]] = {"Spec": (), "Template": (1,), "Container": (1, 6)}
_PATHS: Final = {
    message: {name: (*place, number) for number, name, _, _ in _MESSAGES[message]} for message, place in _PLACES.items()
}
"""Numbers from a ``TaskSpec`` down to each field of the messages in it."""


# Fields of the template of which parts are the bytes: which parts, and what stands where it is absent.
_BLOBS: Final[dict[str, dict[str, bytes | None]]] = {
    "metadata": {"metadata": None},
    "interface": {"interface": b"", "signature": b""},
    "security_context": {"security": b""},
    "extended_resources": {"extended": b""},
    "custom": {"custom": b""},
}
_UNREAD: Final = ("config", "k8s_pod", "sql")
_INTERFACE: Final = _PATHS["Template"]["interface"]
# The value of an entry among the inputs; one among the outputs stands as deep.
_VARIABLE: Final = (*_INTERFACE, 1, 1, 2)
_IDENTITY: Final = ("project", "domain", "name", "version")
_SINGLE: Final = ("metadata", "interface", "custom", "container", "security_context", "extended_resources")
_TARGETS: Final = ("container", "k8s_pod", "sql")


def extract_by_arrow(taken: Extracted) -> None:
    """Take the parts of all tasks.

    ``taken``: what is filled; tasks that this path does not read are taken plainly.
    """
    projected = _Projected(taken)
    data = taken.records.data
    for start in range(0, len(data), _BATCH):
        projected.take(np.arange(start, min(start + _BATCH, len(data))), list(data[start : start + _BATCH]))
    projected.finish()


class _Projected:
    """The tasks of one table while they are read."""

    def __init__(self, taken: Extracted) -> None:
        self._taken = taken
        self._parts = taken.parts
        self._runner_parts = [name for name in taken.parts if PARTS[name].needs_runner]
        self._sound: dict[tuple[int, ...], dict[bytes, bool]] = {}
        self._plain: list[int] = []

    def take(self, positions: Any, data: list[bytes]) -> None:
        """Take some tasks; halve where ptars refuses, or where they are too much at once."""
        batch = parsed_batch(_SPEC, data) if sum(map(len, data)) <= _BATCH_BYTES else None
        if batch is not None:
            self._take_batch(batch, positions)
        elif len(positions) <= _FEW:
            self._plain.extend(positions.tolist())
        else:
            half = len(positions) // 2
            self.take(positions[:half], data[:half])
            self.take(positions[half:], data[half:])

    def finish(self) -> None:
        """Read plainly what is left."""
        for coded in self._parts.values():
            coded.forget(self._plain)
        self._taken.take_plainly(sorted(self._plain), self._parts)

    # -- a batch -----------------------------------------------------------------------------------------------------

    def _take_batch(self, batch: Any, positions: Any) -> None:
        is_usual = (lengths(batch.column("template")) == 1) & (lengths(batch.column("description")) <= 1)
        batch, positions = self._usual(batch, positions, is_usual)
        fields = items(batch.column("template"))
        is_usual = lengths(fields.field("id")) == 1
        for name in _SINGLE:
            is_usual &= lengths(fields.field(name)) <= 1
        is_usual &= sum(lengths(fields.field(name)) for name in _TARGETS) <= 1
        if not is_usual.all():
            batch, positions = self._usual(batch, positions, is_usual)
            fields = items(batch.column("template"))
        if not len(positions):
            return
        identifier = items(fields.field("id"))
        for name in _IDENTITY:
            self._put_values(name, positions, identifier.field(name))
        self._put_values("type", positions, fields.field("type"))
        self._put_values("task_type_version", positions, fields.field("task_type_version"))
        self._put_documentation(batch.column("description"), positions)
        self._put_values("flyte2", positions, pa.array(lengths(batch.column("flyte2")) > 0))
        for name, parts in _BLOBS.items():
            self._put_blobs(parts, fields.field(name), positions, _PATHS["Template"][name])
        for name in _UNREAD:
            # Pods are parsed with their settings, where anything is read from them.
            if name == "k8s_pod" and self._runner_parts:
                continue
            self._require_sound(fields.field(name), positions, _PATHS["Template"][name])
        self._take_targets(fields, positions)

    def _usual(self, batch: Any, positions: Any, is_usual: Any) -> tuple[Any, Any]:
        """Leave out what is to be read plainly."""
        if is_usual.all():
            return batch, positions
        self._plain.extend(positions[~is_usual].tolist())
        return batch.filter(pa.array(is_usual)), positions[is_usual]

    def _take_targets(self, fields: Any, positions: Any) -> None:
        has = {name: lengths(fields.field(name)) == 1 for name in _TARGETS}
        target = self._parts.get("target")
        if target is not None:
            which = sum(place * has[name] for place, name in enumerate(_TARGETS, 1))
            target.put_numbered(positions, [None, *_TARGETS], which)
        contained = positions[has["container"]]
        container = items(fields.field("container"))
        path = _PATHS["Container"]["resources"]
        is_usual = (lengths(container.field("resources")) <= 1) & (lengths(container.field("data_config")) <= 1)
        if not is_usual.all():
            self._plain.extend(contained[~is_usual].tolist())
            contained, container = contained[is_usual], container.filter(pa.array(is_usual))
        self._put_blobs({"resources": b""}, container.field("resources"), contained, path)
        for name in ("ports", "data_config"):
            self._require_sound(container.field(name), contained, _PATHS["Container"][name])
        if not self._runner_parts:
            return
        self._put_values("image", contained, container.field("image"))
        self._put_values("architecture", contained, container.field("architecture"))
        self._put_environment(container.field("env"), contained)
        self._put_words("command", container.field("command"), contained)
        self._put_words("args", container.field("args"), contained)
        self._put_same("pod_problem", contained, "")
        self._put_same("beside", contained, ())
        self._put_mapped(container, contained)
        self._take_pods(fields, positions, np.flatnonzero(has["k8s_pod"]))
        self._take_without_runner(positions[~has["container"] & ~has["k8s_pod"]])

    def _take_pods(self, fields: Any, positions: Any, rows: Any) -> None:
        """Take the primary containers of pods."""
        if not len(rows):
            return
        pods = listed(items(fields.field("k8s_pod")))
        settings = lists(fields.field("config").take(pa.array(rows)))
        containers = pod_runners(pods, settings)
        chosen, is_read = positions[rows], containers.which >= 0
        self._plain.extend(chosen[~is_read].tolist())
        messages = Messages([], [], containers.runners)
        for name in self._runner_parts:
            coded = self._parts[name]
            # Their images are all that most pods differ in.
            if name == "image":
                coded.put(chosen, containers.images)
            else:
                values = PARTS[name].take(messages, self._taken.words)
                coded.put_numbered(chosen[is_read], values, containers.which[is_read])

    def _take_without_runner(self, positions: Any) -> None:
        """Take what the plain path takes where a task has no container."""
        if len(positions):
            message = Messages([None], [None], [NO_RUNNER])
            for name in self._runner_parts:
                (value,) = PARTS[name].take(message, self._taken.words)
                self._put_same(name, positions, value)

    # -- kinds of parts ----------------------------------------------------------------------------------------------

    def _put_same(self, part: str, positions: Any, value: Any) -> None:
        coded = self._parts.get(part)
        if coded is not None:
            coded.codes[positions] = coded.code([value])[0]

    def _put_values(self, part: str, positions: Any, array: Any) -> None:
        coded = self._parts.get(part)
        if coded is not None:
            coded.put_distinct(positions, *numbered(array))

    def _put_documentation(self, array: Any, positions: Any) -> None:
        blobs, which = numbered(items(array))
        specs = [parsed(_PATHS["Spec"]["description"], (blob,)) for blob in blobs]
        texts = [None if spec is None else spec.description.short_description for spec in specs]
        self._put_read({"documentation": ""}, array, positions, texts, which)

    def _put_blobs(self, parts: dict[str, bytes | None], array: Any, positions: Any, path: tuple[int, ...]) -> None:
        """Put the bytes of a field, as far as protobuf can parse them."""
        blobs, which = numbered(items(array))
        if path == _INTERFACE:
            self._look_into_interfaces(blobs)
        sound = [blob if self._is_sound(path, blob) else None for blob in blobs]
        self._put_read(parts, array, positions, sound, which)

    def _put_read(self, parts: dict[str, Any], array: Any, positions: Any, values: list[Any], which: Any) -> None:
        """Put what was read from lists of at most one; what cannot be read goes to the plain path.

        ``parts``: what stands in each part where the list is empty.
        ``values``, ``which``: what was read, None where it cannot be; and of each item which of them it is.
        """
        present = positions[lengths(array) == 1]
        is_bad = np.array([value is None for value in values], dtype=bool)
        if is_bad.any():
            self._plain.extend(present[is_bad[which]].tolist())
        for part, absent in parts.items():
            self._put_same(part, positions, absent)
            if part in self._parts:
                self._parts[part].put_numbered(present, [absent if value is None else value for value in values], which)

    def _require_sound(self, array: Any, positions: Any, path: tuple[int, ...]) -> None:
        """See to it that protobuf can parse a field that no column reads."""
        blobs, which = numbered(items(array))
        is_bad = np.array([not self._is_sound(path, blob) for blob in blobs], dtype=bool)
        if is_bad.any():
            self._plain.extend(set(positions[owners(array)][is_bad[which]].tolist()))

    def _is_sound(self, path: tuple[int, ...], blob: bytes) -> bool:
        known = self._sound.setdefault(path, {})
        answer = known.get(blob)
        if answer is None:
            answer = known[blob] = parsed(path, (blob,)) is not None
        return answer

    def _look_into_interfaces(self, blobs: list[bytes]) -> None:
        """Judge interfaces by their variables: thousands have few different ones."""
        known = self._sound.setdefault(_INTERFACE, {})
        unknown = [blob for blob in blobs if blob not in known]
        signatures = self._taken.already_read.setdefault("signature", {})
        judged = signatures_in(unknown, lambda variable: self._is_sound(_VARIABLE, variable))
        for blob, signature in zip(unknown, judged, strict=True):
            if signature is not None:
                known[blob] = True
                signatures[blob] = signature

    def _put_environment(self, array: Any, positions: Any) -> None:
        coded = self._parts.get("environment")
        if coded is not None:
            rows = array.to_pylist()
            coded.put(positions, [tuple((pair["key"], pair["value"], "") for pair in env) for env in rows])
        coded = self._parts.get("env_keys")
        if coded is None:
            return
        keys = items(array).field("key")
        texts, which = numbered(pc.binary_join(pa.ListArray.from_arrays(array.offsets, keys), _SEPARATOR))
        count = lengths(array)
        # Keys that hold the separator, or one key that is empty, cannot be told apart any more.
        separators = np.array([text.count(_SEPARATOR) if text else -1 for text in texts], dtype=np.int64)[which]
        is_odd = separators != count - 1
        coded.put_numbered(positions, [tuple(text.split(_SEPARATOR)) if text else () for text in texts], which)
        self._plain.extend(positions[is_odd].tolist())

    def _put_mapped(self, container: Any, positions: Any) -> None:
        """Put which containers run an item of a map task."""
        coded = self._parts.get("is_mapped")
        if coded is None:
            return
        sides = [container.field(name) for name in ("command", "args")]
        coded.codes[positions] = coded.code([False])[0]
        rows = np.unique(np.concatenate([_rows_that_hold(side, MAP_ENTRYPOINT) for side in sides]))
        if len(rows):
            command, arguments = (lists(side.take(pa.array(rows))) for side in sides)
            coded.put(positions[rows], map(is_mapped, command, arguments))

    def _put_words(self, part: str, array: Any, positions: Any) -> None:
        """Put command lines as they are shown; words that many share are looked at once."""
        coded = self._parts.get(part)
        bundles = self._parts.get("code_bundle") if part == "args" else None
        if (coded is None and bundles is None) or not len(positions):
            return
        encoded = items(array).dictionary_encode()
        where, distinct = encoded.indices.to_numpy(), encoded.dictionary
        if bundles is not None:
            _put_bundles(bundles, positions, array, where, distinct)
        if coded is None:
            return
        words = self._taken.words
        is_plain, is_marked = _judged_words(distinct)
        special = listed(distinct.filter(pa.array(~is_plain)))
        quoted = pa.array([words[word] for word in special], pa.string())
        texts = pc.replace_with_mask(distinct, pa.array(~is_plain), quoted).take(encoded.indices)
        self._put_values(part, positions, pc.binary_join(pa.ListArray.from_arrays(array.offsets, texts), " "))
        # The gate looks for nothing that is more than a word, or comes of quoting one.
        marked = _rows_with(array, where, np.flatnonzero(is_marked))
        coded.passes_gate.update(np.delete(coded.codes[positions], marked).tolist())
        # What masking makes of a word depends on the words beside it.
        rows = _rows_with(array, where, np.flatnonzero(~is_plain)[[word in words.telling for word in special]])
        if len(rows):
            coded.put(positions[rows], map(words.line, lists(array.take(pa.array(rows)))))


def _judged_words(distinct: Any) -> tuple[Any, Any]:
    """Return which words are shown as they are, and which may look like a secret; of few that is asked one by one."""
    if len(distinct) < _FEW_WORDS:
        return np.zeros(len(distinct), dtype=bool), np.ones(len(distinct), dtype=bool)
    forms = (PLAIN_WORD, MARKED_WORD)
    matches = [pc.match_substring_regex(distinct, form).to_numpy(zero_copy_only=False) for form in forms]
    return matches[0] & ~matches[1], matches[1]


def _rows_that_hold(array: Any, word: str) -> Any:
    """Return the rows whose lists hold a word."""
    return owners(array)[pc.equal(items(array), word).to_numpy(zero_copy_only=False)]


_NO_WORD: Final = -1
"""Follows a flag at the end of a command line. What is below tells a word that holds flag and value."""


def _put_bundles(coded: Coded, positions: Any, array: Any, where: Any, distinct: Any) -> None:
    """Put the code bundles of command lines; a word that many share is looked at once.

    ``array``: the command lines.
    ``where``, ``distinct``: which word each of their items is, and the words.
    """
    coded.codes[positions] = coded.code([""])[0]
    is_flag = pc.equal(distinct, BUNDLE_FLAG).to_numpy(zero_copy_only=False)
    is_joined = pc.starts_with(distinct, f"{BUNDLE_FLAG}=").to_numpy(zero_copy_only=False)
    hits = np.flatnonzero((is_flag | is_joined)[where])
    ends = np.cumsum(lengths(array))
    # The first flag of a command line counts.
    rows, first = np.unique(np.searchsorted(ends, hits, side="right"), return_index=True)
    hits = hits[first]
    # The value stands in the same word, or in the next one, if there is one.
    alone = is_flag[where[hits]]
    is_last = hits + 1 == ends[rows]
    said = np.where(alone & ~is_last, where[np.minimum(hits + 1, len(where) - 1)], where[hits])
    said[alone & is_last] = _NO_WORD
    cases, which = np.unique(np.where(alone, said, -2 - said), return_inverse=True)
    values = []
    for word in cases.tolist():
        joined = word < _NO_WORD
        text = [] if word == _NO_WORD else [distinct[-2 - word if joined else word].as_py()]
        values.append(code_bundle(text if joined else [BUNDLE_FLAG, *text]))
    coded.put_numbered(positions[rows], values, which)


def _rows_with(array: Any, words: Any, wanted: Any) -> Any:
    """Return the rows whose lists hold one of some words, all told by their number."""
    if not len(wanted):
        return wanted
    is_wanted = np.zeros(words.max() + 1, dtype=bool)
    is_wanted[wanted] = True
    is_row = np.zeros(len(array), dtype=bool)
    is_row[owners(array)[is_wanted[words]]] = True
    return np.flatnonzero(is_row)
