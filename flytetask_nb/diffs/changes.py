"""One change between two versions of a task, and the list that changes are written to while two tasks are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flytetask_nb.diffs.edits import Replacement
from flytetask_nb.diffs.plain import plain_message
from flytetask_nb.diffs.rules import RULES
from flytetask_nb.diffs.structures import kind_of
from flytetask_nb.diffs.texts import texts_of, windowed
from flytetask_nb.masking import IDENTIFIERS, mask_text, mask_value, masked
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.models.base import Model
from flytetask_nb.models.field_names import familiar_path
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.options import set_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flytetask_nb.diffs.edits import Edits
    from flytetask_nb.diffs.structures import Difference

_FINGERPRINT_LENGTH = 16
_LONGEST_VALUE = 60
# What flyteidl calls the steps into a type says nothing to who reads a path.
_STEPS = re.compile(
    r"^interface\.|\.(?:type|structure|dataclass_type|structured_dataset_type|schema|enum_type|union_type|blob|metadata"
    r"|properties)(?=[.\[]|$)"
)

_PARTS = {
    "interface": "Interface",
    "container": "Execution",
    "k8s_pod": "Execution",
    "sql": "Execution",
    "target": "Execution",
    "metadata": "Metadata",
    "security_context": "Security",
    "extended_resources": "Resources",
    "custom": "Plugin",
    "config": "Plugin",
    "type": "Plugin",
    "task_type_version": "Plugin",
    "id": "Identity",
    "description": "Documentation",
}


@behind_gate
@dataclass(frozen=True, slots=True)
class Change:
    """One change between two versions of a task.

    Parameters
    ----------
    rule : str
        Id of the rule that judged it, a key of ``RULES``.
    path : str
        Where it is, e.g. ``container.requests.cpu``.
    kind : str
        ``added``, ``removed``, ``changed``, ``renamed``, ``moved`` or ``reordered``.
    old, new
        The values as they stand in the tasks, secrets included; None where there is none. What is shown or
        exported of them is masked.
    severity : str
        ``breaking``, ``risky``, ``behaviour``, ``cost``, ``cosmetic`` or ``noise``.
    aspects : tuple of str
        Severities that it has beside.
    cache : str
        ``invalidates``, ``rotates-tags``, ``on``, ``off``, ``stale-risk`` or ``none``.
    effective : str
        ``pin``: once callers name the new version; ``recompile``: once they are compiled again.
    reason : str
        One sentence that says why.
    witness : str
        A sentence that says who no longer fits, where the severity is a matter of types; else empty.
    old_path : str
        Where it was before; other than ``path`` for what was renamed.
    key : str
        The name that the values stand under, by which secrets are told.
    edits : tuple of Replacement, Splice or Move, or None
        What the change does to the flat form of the task, exactly: see
        :meth:`flytetask_nb.diffs.TaskDiff.apply`. None: it puts ``new`` in place of ``old``.
    number : int
        How many changes before it in the same diff read the same.
    subjects : tuple
        The messages of the two tasks: no output shows a secret of theirs.
    """

    rule: str
    path: str
    kind: str
    old: Any
    new: Any
    severity: str
    aspects: tuple[str, ...]
    cache: str
    effective: str
    reason: str
    witness: str = ""
    old_path: str = ""
    key: str = ""
    edits: Edits | None = field(default=None, repr=False, compare=False)
    number: int = 0
    subjects: tuple[Any, ...] = field(default=(), repr=False, compare=False)

    def _subjects(self) -> tuple[Any, ...]:
        return self.subjects

    @property
    def fingerprint(self) -> str:
        """A hash of rule, paths and values: the same change has the same one in every run.

        No two changes of one diff have the same. Secrets go into it masked, whatever the options say, so nobody can
        find them by trying; another value of the same secret has the same fingerprint.
        """
        with set_options(reveal_secrets=False):
            paths = (mask_text(self.old_path), mask_text(self.path))
            parts = [self.rule, *paths, *(_identity(value, self._name) for value in (self.old, self.new))]
        if self.number:
            parts.append(str(self.number))
        return fingerprint_of(*parts)

    @property
    def recorded(self) -> Edits:
        """What it does to the flat form of the task; nothing if it only follows from other changes."""
        if self.edits is not None or self.is_consequence:
            return self.edits or ()
        return (Replacement(self.old_path, self.path, self.old, self.new),)

    @property
    def part(self) -> str:
        """Section of the task: ``Interface``, ``Resources``, ``Execution`` and so on."""
        return RULES[self.rule].part or _PARTS.get(re.split(r"[.\[]", self.path, maxsplit=1)[0], "Other")

    @property
    def place(self) -> str:
        """The path as it is shown: by the names that flytekit has, without flyteidl's steps into types, secrets masked."""
        return mask_text(_read_path(self.path))

    @property
    def texts(self) -> tuple[str | None, str | None]:
        """The old and the new value as texts that do not read alike, secrets masked; None where there is none."""
        with secrets_kept(self.subjects):
            return texts_of(self.old, self.new, self._name)

    @property
    def _name(self) -> str:
        """What the values stand under: without a key of its own, an identifier is told by its field."""
        field = self.path.rpartition(".")[2]
        return field if not self.key and field in IDENTIFIERS else self.key

    @property
    def is_consequence(self) -> bool:
        """Whether it only follows from changes that are listed by themselves."""
        return RULES[self.rule].is_consequence

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON values, secrets masked."""
        old, new = self.texts
        return {
            "rule": self.rule,
            "path": mask_text(self.path),
            "old_path": mask_text(self.old_path),
            "part": self.part,
            "kind": self.kind,
            "old": old,
            "new": new,
            "severity": self.severity,
            "aspects": list(self.aspects),
            "cache": self.cache,
            "effective": self.effective,
            "reason": self.reason,
            "witness": mask_text(self.witness),
            "fingerprint": self.fingerprint,
        }

    def __repr__(self) -> str:
        before, after = ("–" if text is None else text for text in self.texts)
        old, new = windowed(before, after, _LONGEST_VALUE)
        return f"<{self.severity}: {mask_text(self.path)}: {old} → {new} [{self.rule}]>"


def fingerprint_of(*parts: str) -> str:
    """Return a hash of texts that is the same in every run."""
    text = "\0".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_FINGERPRINT_LENGTH]


@lru_cache(maxsize=4096)
def _read_path(path: str) -> str:
    return _STEPS.sub("", path) if path.startswith("interface.") else familiar_path(path)


def _identity(value: Any, key: str) -> str:
    """Return a text that tells any two values apart, their secrets aside."""
    if isinstance(value, str):
        return f"text:{masked(key, value)}"
    import json  # noqa: PLC0415 - fingerprints are asked for rarely

    kind = type(value).__name__
    if isinstance(value, Model):
        value = plain_message(value._message)
    return f"{kind}:{json.dumps(mask_value(value, key), sort_keys=True, default=repr)}"


class Ledger:
    """Takes down the changes between two tasks, each as its rule judges it.

    ``severities``: by rule, in place of the rules' own.
    ``subjects``: the messages of the two tasks.
    """

    __slots__ = ("changes", "severities", "subjects")

    def __init__(self, severities: Mapping[str, str], subjects: tuple[Any, ...]) -> None:
        self.severities, self.subjects = severities, subjects
        self.changes: list[Change] = []

    def add(
        self,
        rule: str,
        path: str,
        old: Any,
        new: Any,
        *,
        key: str = "",
        old_path: str = "",
        edits: Edits | None = None,
        kind: str = "",
        severity: str = "",
        cache: str = "",
        reason: str = "",
        witness: str = "",
    ) -> None:
        """Take down a change: parameters are those of :class:`Change`.

        The kind is told from the values where it is not given; severity, cache and reason stand in for the rule's, where
        this one is a special case.
        """
        judged_by = RULES[rule]
        self.changes.append(
            Change(
                rule,
                path,
                kind or kind_of(old, new),
                old,
                new,
                self.severities.get(rule) or severity or judged_by.severity,
                judged_by.aspects,
                cache or judged_by.cache,
                judged_by.effective,
                reason or judged_by.reason,
                witness,
                old_path or path,
                key,
                edits,
                subjects=self.subjects,
            )
        )

    def entry(
        self, stem: str, path: str, old: Any, new: Any, *, key: str = "", old_path: str = "", edits: Edits | None = None
    ) -> None:
        """Take down an entry that was added, removed or changed, by the three rules of that stem."""
        self.add(f"{stem}-{kind_of(old, new)}", path, old, new, key=key, old_path=old_path, edits=edits)

    def difference(self, rule: str, difference: Difference, **special: str) -> None:
        """Take down a difference by a rule; what is special of it is said as to :meth:`add`."""
        path, old, new, key, old_path, edits = difference
        self.add(rule, path, old, new, key=key, old_path=old_path, edits=edits, **special)

    def differences(self, rule: str, differences: Iterable[Difference]) -> None:
        """Take down differences by one rule."""
        for difference in differences:
            self.difference(rule, difference)

    def entries(self, stem: str, differences: Iterable[Difference]) -> None:
        """Take down differences, each by one of the three rules of a stem."""
        for difference in differences:
            self.difference(f"{stem}-{difference.kind}", difference)
