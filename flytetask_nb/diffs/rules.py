"""The rules by which a change is judged, as a table.

A rule says how bad a kind of change is, what it does to cached results, when it reaches existing workflows, and why.
Where Flyte's own code decides, the source names it; the rest is policy of this package and says so.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import DiffError
from flytetask_nb.options import option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BREAKING: Final = "breaking"
RISKY: Final = "risky"
BEHAVIOUR: Final = "behaviour"
COST: Final = "cost"
COSMETIC: Final = "cosmetic"
NOISE: Final = "noise"

SEVERITIES: Final = (BREAKING, RISKY, BEHAVIOUR, COST, COSMETIC, NOISE)
"""From worst to least."""

_RANKS: Final = {severity: number for number, severity in enumerate(SEVERITIES)}

# What a change does to cached results.
NONE: Final = "none"
INVALIDATES: Final = "invalidates"
TAGS: Final = "rotates-tags"
ON: Final = "on"
OFF: Final = "off"
STALE: Final = "stale-risk"

# When a change reaches a workflow that calls the task.
PIN: Final = "pin"
RECOMPILE: Final = "recompile"

UNCLASSIFIED: Final = "unclassified"
"""The rule of what no other rule knows."""


def rank(severity: str) -> int:
    """Return the place of a severity, 0 being the worst."""
    return _RANKS[severity]


def counted(severities: Iterable[str | None]) -> dict[str, int]:
    """Return how often each severity is among these, the worst first, those that are not among them left out."""
    counts = Counter(severities)
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


class Rule(NamedTuple):
    """How one kind of change is judged.

    Attributes
    ----------
    id
        Name of the rule, by which its severity can be overridden.
    severity
        One of ``SEVERITIES``. Of a rule that goes ``by_verdict`` the worst that it can be.
    cache
        What becomes of cached results: ``invalidates`` (another key), ``rotates-tags`` (another tag under the same
        key), ``on``, ``off``, ``stale-risk`` (the same key, though results can differ) or ``none``.
    reason
        One sentence that says why.
    source
        Where the rule comes from: a part of Flyte, or ``policy``.
    mirrors
        Which rules can apply to the change in the other direction.
    aspects
        Severities that the change has beside its own.
    effective
        When callers notice: ``pin`` (once they name the new version) or ``recompile``.
    by_verdict
        Whether the compatibility of the variable's types decides the severity.
    part
        Section of the task under which the change is shown; empty: by its path.
    is_consequence
        Whether it follows from changes that are listed by themselves.
    """

    id: str
    severity: str
    cache: str
    reason: str
    source: str
    mirrors: tuple[str, ...]
    aspects: tuple[str, ...] = ()
    effective: str = PIN
    by_verdict: bool = False
    part: str = ""
    is_consequence: bool = False


# Sources. Paths are those of the Flyte monorepo.
_BINDINGS: Final = "flytepropeller/pkg/compiler/validators/bindings.go"
_TYPING: Final = "flytepropeller/pkg/compiler/validators/typing.go"
_CONDITION: Final = "flytepropeller/pkg/compiler/validators/condition.go"
_CATALOG: Final = "flytepropeller/pkg/controller/nodes/catalog/datacatalog/transformer.go"
_RESOURCES: Final = "flyteplugins/go/tasks/pluginmachinery/flytek8s/container_helper.go"
_VALIDATION: Final = "flyteadmin/pkg/manager/impl/validation/task_validator.go"
_DIGESTS: Final = "flyteadmin/pkg/manager/impl/util/digests.go"
_NODES: Final = "flytepropeller/pkg/controller/nodes/node_exec_context.go and flytekit's node metadata"
_PLUGINS: Final = "flyteplugins/go/tasks"
_PLUGIN_MESSAGES: Final = "flyteidl/protos/flyteidl/plugins"
_TEMPLATES: Final = "flyteplugins/go/tasks/pluginmachinery/core/template/template.go"
_FLYTEKIT: Final = "flytekit/core/interface.py"
_DATACLASSES: Final = "flytekit/core/type_engine.py"
_REGISTER: Final = "flytekit/tools and flytectl/cmd/register"
_POLICY: Final = "policy"


def _rule(id: str, severity: str, cache: str, reason: str, source: str, *, mirror: str = "", **more: Any) -> Rule:
    """Return a rule with its mirror, which is itself where there is no other one."""
    return Rule(id, severity, cache, reason, source, (mirror or id,), **more)


def _entries(
    stem: str,
    noun: str,
    severities: Sequence[str],
    cache: str,
    source: str,
    *,
    reasons: Sequence[str] = ("", "", ""),
    **more: Any,
) -> list[Rule]:
    """Return the rules of something that there are several of by name: added, removed, changed."""
    mirrors = {"added": "removed", "removed": "added", "changed": "changed"}
    return [
        _rule(f"{stem}-{kind}", severity, cache, reason or f"{noun} {kind}.", source, mirror=f"{stem}-{mirror}", **more)
        for (kind, mirror), severity, reason in zip(mirrors.items(), severities, reasons, strict=True)
    ]


_ADDED_INPUTS: Final = ("input-added", "input-added-optional", "input-added-by-hole")
_INPUT_TYPES: Final = ("input-type-incompatible", "input-type-narrowed", "input-type-widened")
_OUTPUT_TYPES: Final = ("output-type-incompatible", "output-type-risky", "output-type-changed")
_BEHAVIOURS: Final = (BEHAVIOUR, BEHAVIOUR, BEHAVIOUR)
_COSMETICS: Final = (COSMETIC, COSMETIC, COSMETIC)
_R: Final = "Resources"

_TABLE: Final = (
    # Interface
    Rule("input-removed", BREAKING, INVALIDATES, "Workflows that pass it no longer compile.", _BINDINGS, _ADDED_INPUTS),
    Rule("input-added", BREAKING, INVALIDATES, "It is required, and existing workflows do not pass it: they no longer compile.", _BINDINGS, ("input-removed",)),
    Rule("input-added-optional", BEHAVIOUR, INVALIDATES, "It is optional: existing workflows compile without it.", _BINDINGS, ("input-removed",)),
    Rule("input-added-by-hole", RISKY, INVALIDATES, "Flyte's compiler takes such a union for optional, so existing workflows compile, but at run time the value is missing.", _BINDINGS, ("input-removed",)),
    _rule("input-renamed", BREAKING, INVALIDATES, "Workflows that pass it by its old name no longer compile.", _BINDINGS),
    Rule("input-type-incompatible", BREAKING, INVALIDATES, "It no longer accepts values of the old type.", _TYPING, _INPUT_TYPES, by_verdict=True),
    Rule("input-type-narrowed", RISKY, INVALIDATES, "It still accepts values of the old type, but not every value that it accepted before.", _TYPING, _INPUT_TYPES, by_verdict=True),
    Rule("input-type-widened", BEHAVIOUR, INVALIDATES, "It still accepts every value that it accepted before.", _TYPING, _INPUT_TYPES, by_verdict=True),
    Rule("output-removed", BREAKING, INVALIDATES, "Workflows that use it no longer compile.", _BINDINGS, ("output-added",)),
    Rule("output-added", RISKY, INVALIDATES, "Python code that unpacks the outputs gets one value more than it expects.", f"{_FLYTEKIT}, {_POLICY}", ("output-removed",)),
    _rule("output-renamed", BREAKING, INVALIDATES, "Workflows that use it by its old name no longer compile.", _BINDINGS),
    Rule("output-type-incompatible", BREAKING, INVALIDATES, "It can no longer be passed to an input of the old type.", _TYPING, _OUTPUT_TYPES, by_verdict=True),
    Rule("output-type-risky", RISKY, INVALIDATES, "It can still be passed to an input of the old type, but not to every input that took it before.", _TYPING, _OUTPUT_TYPES, by_verdict=True),
    Rule("output-type-changed", RISKY, INVALIDATES, "It can be passed to every input that took it before, but a conditional can compare it only with an output of exactly the same type.", _CONDITION, _OUTPUT_TYPES, by_verdict=True),
    _rule("input-as-a-whole", BREAKING, NONE, "As a whole, the new type no longer accepts every value that the old one accepted.", _TYPING, by_verdict=True, is_consequence=True),
    _rule("output-as-a-whole", BREAKING, NONE, "As a whole, the new type no longer fits every input that accepted the old one.", _TYPING, by_verdict=True, is_consequence=True),
    _rule("output-compared", RISKY, NONE, "A conditional can compare it only with an output of exactly the same type, metadata included.", _CONDITION, is_consequence=True),
    _rule("enum-value-added", BREAKING, INVALIDATES, "An enum matches another only if both have the same values in the same order; a str still matches.", _TYPING, mirror="enum-value-removed", by_verdict=True),
    _rule("enum-value-removed", BREAKING, INVALIDATES, "An enum matches another only if both have the same values in the same order. As a str, the removed value is no longer accepted.", _TYPING, mirror="enum-value-added", by_verdict=True),
    _rule("enum-reordered", BREAKING, INVALIDATES, "An enum matches another only if both have the same values in the same order; a str still matches.", _TYPING, by_verdict=True),
    _rule("union-reordered", COSMETIC, INVALIDATES, "The order of a union's variants matters to the cache key alone.", _CATALOG),
    _rule("input-column-added", BREAKING, INVALIDATES, "It no longer accepts datasets without the column.", _TYPING, mirror="input-column-removed", by_verdict=True),
    _rule("input-column-removed", BEHAVIOUR, INVALIDATES, "It still accepts datasets with the column.", _TYPING, mirror="input-column-added"),
    _rule("output-column-added", BEHAVIOUR, INVALIDATES, "Tasks that use the other columns still work.", _TYPING, mirror="output-column-removed"),
    _rule("output-column-removed", BREAKING, INVALIDATES, "Workflows whose next task declares the column no longer compile.", _TYPING, mirror="output-column-added", by_verdict=True),
    _rule("column-type-changed", BREAKING, INVALIDATES, "Columns of the same name must have types that match.", _TYPING, by_verdict=True),
    _rule("columns-reordered", COSMETIC, INVALIDATES, "The order of columns matters to the cache key alone.", _CATALOG),
    _rule("blob-dimensionality", RISKY, INVALIDATES, "Flyte's compiler does not tell a file from a directory, so a mismatch shows only at run time.", _TYPING),
    _rule("input-field-added", BREAKING, INVALIDATES, "It now expects this field: a dataclass without it is no longer accepted.", _TYPING, mirror="input-field-removed", by_verdict=True),
    _rule("input-field-removed", BREAKING, INVALIDATES, "A dataclass with additional fields is still accepted, unless its schema cannot be compared.", _TYPING, mirror="input-field-added", by_verdict=True),
    _rule("output-field-added", BREAKING, INVALIDATES, "A dataclass with additional fields is still accepted, unless its schema cannot be compared.", _TYPING, mirror="output-field-removed", by_verdict=True),
    _rule("output-field-removed", BREAKING, INVALIDATES, "Workflows whose next task needs the field no longer compile.", f"{_TYPING}, {_BINDINGS}", mirror="output-field-added"),
    _rule("field-type-changed", BREAKING, INVALIDATES, "Fields of the same name must have types that match.", _TYPING, by_verdict=True),
    _rule("dataclass-under-union", RISKY, STALE, "Inside Optional or Union, the fields of a dataclass are not part of the cache key: results in the old form may still be served.", _DATACLASSES),
    _rule("type-tag", BREAKING, INVALIDATES, "A type with a tag matches only types with the same tag.", _TYPING, by_verdict=True),
    _rule("type-schema", BREAKING, NONE, "The JSON schema of a dataclass decides which values are accepted, but is not part of the cache key.", f"{_TYPING}, {_CATALOG}", by_verdict=True),
    _rule("type-metadata", COSMETIC, NONE, "Metadata of the type: neither Flyte's compiler nor the cache looks at it.", f"{_TYPING}, {_CATALOG}"),
    _rule("type-annotation", COSMETIC, NONE, "Annotation of the type: Flyte's compiler ignores it, and the cache reads nothing of it but cache-key-metadata.", f"{_TYPING}, {_CATALOG}"),
    _rule("variable-description", COSMETIC, NONE, "Documentation: Flyte counts the task as changed, but the cache key stays.", _CATALOG),
    _rule("artifact", BEHAVIOUR, INVALIDATES, "It publishes or queries another artifact.", _CATALOG),
    # What runs
    _rule("task-type", BEHAVIOUR, NONE, "Another plugin runs it, and some plugins do not cache.", f"{_VALIDATION}, {_PLUGINS}", part="Plugin"),
    _rule("task-type-version", BEHAVIOUR, NONE, "The plugin may read the same settings differently.", _PLUGINS, part="Plugin"),
    _rule("target-switched", BEHAVIOUR, STALE, "It runs as another kind of target: container, pod or SQL.", f"{_PLUGINS}, {_POLICY}"),
    _rule("image-repository", BEHAVIOUR, STALE, "It runs in another image.", _POLICY),
    _rule("image-tag", BEHAVIOUR, STALE, "It runs in another image: this tag did not just move along with the release.", _POLICY),
    _rule("image-digest", BEHAVIOUR, STALE, "It runs in another build of the image.", _POLICY),
    _rule("image-release-tag", NOISE, STALE, "The tag follows the release.", _POLICY),
    _rule("code-bundle", NOISE, STALE, "Every fast registration uploads the code to a new place.", f"{_REGISTER}, {_POLICY}"),
    _rule("fast-registration-on", BEHAVIOUR, STALE, "The code now comes from an uploaded bundle, no longer with the image.", _REGISTER, mirror="fast-registration-off"),
    _rule("fast-registration-off", BEHAVIOUR, STALE, "The code comes with the image again, no longer from an uploaded bundle.", _REGISTER, mirror="fast-registration-on"),
    *_entries("argument", "Argument", _BEHAVIOURS, STALE, _PLUGINS),
    _rule("argument-moved", BEHAVIOUR, STALE, "The same arguments, in another order.", _PLUGINS),
    _rule("template-input-gone", BREAKING, NONE, "The command refers to an input that does not exist: every run fails.", _TEMPLATES, mirror="template-input-restored", is_consequence=True),
    _rule("template-input-restored", BEHAVIOUR, NONE, "The input that the command refers to exists again.", _TEMPLATES, mirror="template-input-gone", is_consequence=True),
    *_entries("env", "Environment variable", _BEHAVIOURS, STALE, _PLUGINS),
    _rule("env-reordered", BEHAVIOUR, STALE, "One variable refers to another, and Kubernetes resolves only references to earlier ones.", "Kubernetes"),
    _rule("env-shadowed", COSMETIC, NONE, "The variable is set twice, and the last value counts.", "Kubernetes"),
    _rule("serialization-settings", NOISE, STALE, "These variables, set by flytekit, name the release.", _REGISTER),
    _rule("release-echo", NOISE, STALE, "Only the image or version inside it changed, which is listed separately.", _POLICY),
    *_entries("port", "Port", _BEHAVIOURS, STALE, _PLUGINS),
    _rule("data-loading", BEHAVIOUR, STALE, "The raw container gets its inputs and outputs in another way.", _PLUGINS),
    _rule("architecture", BEHAVIOUR, STALE, "It runs on another kind of processor.", _PLUGINS),
    *_entries("container-setting", "Container setting", _BEHAVIOURS, STALE, _PLUGINS),
    *_entries("pod-container", "Container beside the task", _BEHAVIOURS, STALE, _PLUGINS),
    *_entries("pod-init-container", "Init container", _BEHAVIOURS, STALE, _PLUGINS),
    *_entries("pod-volume", "Volume", _BEHAVIOURS, STALE, _PLUGINS),
    *_entries("pod-toleration", "Toleration", _BEHAVIOURS, NONE, _PLUGINS),
    *_entries("pod-affinity", "Affinity", _BEHAVIOURS, NONE, _PLUGINS),
    *_entries("pod-label", "Pod label", _BEHAVIOURS, NONE, _PLUGINS),
    *_entries("pod-annotation", "Pod annotation", _BEHAVIOURS, NONE, _PLUGINS),
    *_entries("pod-setting", "Pod setting", _BEHAVIOURS, STALE, _PLUGINS),
    _rule("primary-container", BEHAVIOUR, STALE, "Another container of the pod runs the task.", _PLUGINS),
    _rule("sql-statement", BEHAVIOUR, STALE, "It runs another statement.", _POLICY),
    _rule("sql-dialect", BEHAVIOUR, STALE, "The statement is read as another SQL dialect.", _POLICY),
    # Resources
    *(
        rule
        for kind, more in (("request", "Every run reserves more."), ("limit", "A run may use more."))
        for rule in (
            _rule(f"{kind}-raised", COST, NONE, more, _RESOURCES, mirror=f"{kind}-lowered", part=_R),
            _rule(f"{kind}-lowered", RISKY, NONE, "It may run out of memory or be slowed down.", f"{_RESOURCES}, {_POLICY}", mirror=f"{kind}-raised", part=_R),
            _rule(f"{kind}-added", COST, NONE, "It replaces the amount of the pod template or the platform's default.", _RESOURCES, mirror=f"{kind}-removed", part=_R),
            _rule(f"{kind}-removed", RISKY, NONE, "The amount of the pod template or the platform's default applies instead.", f"{_RESOURCES}, {_POLICY}", mirror=f"{kind}-added", part=_R),
            _rule(f"{kind}-changed", RISKY, NONE, "An amount cannot be read as a Kubernetes quantity.", _VALIDATION, part=_R),
        )
    ),
    _rule("resources-refused", BREAKING, NONE, "Registration refuses these resources.", _VALIDATION, mirror="resources-mended", part=_R, is_consequence=True),
    _rule("resources-mended", BEHAVIOUR, NONE, "Registration refused the old resources and accepts these.", _VALIDATION, mirror="resources-refused", part=_R, is_consequence=True),
    _rule("resource-repeated", COSMETIC, NONE, "The resource is given twice: the last amount counts, and registration refuses the task.", _VALIDATION, part=_R),
    *_entries("resource-ignored", "", _COSMETICS, NONE, _RESOURCES, reasons=("Flyte ignores this resource.",) * 3, part=_R),
    *_entries("accelerator", "Accelerator", _BEHAVIOURS, NONE, _PLUGINS, aspects=(COST,), part=_R),
    *_entries("shared-memory", "Shared memory", _BEHAVIOURS, NONE, _PLUGINS, part=_R),
    # Metadata
    _rule("cache-on", BEHAVIOUR, ON, "Results are cached from now on.", _CATALOG, mirror="cache-off"),
    _rule("cache-off", BEHAVIOUR, OFF, "Results are no longer cached: every run computes them again.", _CATALOG, mirror="cache-on", aspects=(COST,)),
    _rule("cache-version", BEHAVIOUR, INVALIDATES, "Results cached under the old version are no longer used.", _CATALOG),
    _rule("cache-ignored-added", BEHAVIOUR, STALE, "The cache ignores this input: results computed for other values of it may be served.", _CATALOG, mirror="cache-ignored-removed"),
    _rule("cache-ignored-removed", BEHAVIOUR, TAGS, "The cache takes this input into account again: earlier results are no longer used.", _CATALOG, mirror="cache-ignored-added"),
    _rule("cache-serialized", BEHAVIOUR, NONE, "Runs with equal inputs wait for each other.", _CATALOG, mirror="cache-not-serialized"),
    _rule("cache-not-serialized", BEHAVIOUR, NONE, "Runs with equal inputs no longer wait for each other.", _CATALOG, mirror="cache-serialized"),
    _rule("retries-raised", BEHAVIOUR, NONE, "A failing run is retried more often. Workflows that set their own number of retries keep it until they are registered again.", _NODES, mirror="retries-lowered", aspects=(COST,), effective=RECOMPILE),
    _rule("retries-lowered", BEHAVIOUR, NONE, "A failing run is retried less often. Workflows that set their own number of retries keep it until they are registered again.", _NODES, mirror="retries-raised", effective=RECOMPILE),
    _rule("timeout-lowered", RISKY, NONE, "Runs that take longer than this are now stopped.", _NODES, mirror="timeout-raised", effective=RECOMPILE),
    _rule("timeout-raised", BEHAVIOUR, NONE, "Runs may take longer before they are stopped.", _NODES, mirror="timeout-lowered", effective=RECOMPILE),
    _rule("interruptible", BEHAVIOUR, NONE, "It decides whether the task may run on spot machines, which can be taken away.", _NODES, aspects=(COST,), effective=RECOMPILE),
    _rule("pod-template-set", RISKY, NONE, "Runs fail if the cluster has no pod template of this name.", _PLUGINS, mirror="pod-template-cleared"),
    _rule("pod-template-cleared", BEHAVIOUR, NONE, "The platform's default pod template applies.", _PLUGINS, mirror="pod-template-set"),
    _rule("pod-template-changed", RISKY, NONE, "Runs fail if the cluster has no pod template of this name.", _PLUGINS),
    _rule("eager-on", BEHAVIOUR, NONE, "It runs as an eager workflow.", "flytekit", mirror="eager-off"),
    _rule("eager-off", BEHAVIOUR, NONE, "It no longer runs as an eager workflow.", "flytekit", mirror="eager-on"),
    _rule("deprecated", COSMETIC, NONE, "The author asks users to stop using it.", _POLICY, mirror="deprecation-lifted"),
    _rule("deprecation-lifted", COSMETIC, NONE, "It is no longer deprecated.", _POLICY, mirror="deprecated"),
    _rule("deprecation-message", COSMETIC, NONE, "The deprecation message reads differently.", _POLICY),
    _rule("deck-on", COSMETIC, NONE, "Runs write a deck.", _POLICY, mirror="deck-off"),
    _rule("deck-off", COSMETIC, NONE, "Runs no longer write a deck.", _POLICY, mirror="deck-on"),
    *_entries("label", "Label", _COSMETICS, NONE, _POLICY),
    *_entries("annotation", "Annotation", _COSMETICS, NONE, _POLICY),
    *_entries("tag", "Tag", _COSMETICS, NONE, _POLICY),
    _rule("runtime-version", NOISE, NONE, "It was packaged with another version of the SDK.", _POLICY),
    _rule("runtime-kind", COSMETIC, NONE, "It was packaged with another SDK.", _POLICY),
    # The rest
    *_entries(
        "secret", "Secret", (RISKY, BEHAVIOUR, RISKY), STALE, f"{_PLUGINS}, {_POLICY}",
        reasons=("Runs fail if the cluster has no such secret.", "It no longer gets the secret.", "It gets the secret in another way."),
    ),
    *_entries("token", "Token", (RISKY, BEHAVIOUR, RISKY), STALE, f"{_PLUGINS}, {_POLICY}"),
    _rule("identity", RISKY, NONE, "It runs under another identity, which may lack permissions.", _POLICY),
    *_entries("custom", "Plugin setting", _BEHAVIOURS, STALE, f"{_PLUGINS}, {_POLICY}", part="Plugin"),
    _rule("plugin-scale-raised", COST, NONE, "More of its processes run at the same time.", f"{_PLUGIN_MESSAGES}, {_POLICY}", mirror="plugin-scale-lowered", part="Plugin"),
    _rule("plugin-scale-lowered", BEHAVIOUR, NONE, "Fewer of its processes run at the same time, so it may take longer.", f"{_PLUGIN_MESSAGES}, {_POLICY}", mirror="plugin-scale-raised", part="Plugin"),
    _rule("plugin-memory-raised", COST, NONE, "Every process reserves more memory.", f"Spark, {_POLICY}", mirror="plugin-memory-lowered", part="Plugin"),
    _rule("plugin-memory-lowered", RISKY, NONE, "Its processes may run out of memory.", f"Spark, {_POLICY}", mirror="plugin-memory-raised", part="Plugin"),
    _rule("plugin-success-raised", BEHAVIOUR, NONE, "Fewer of its subtasks are allowed to fail.", f"{_PLUGIN_MESSAGES}, {_POLICY}", mirror="plugin-success-lowered", part="Plugin"),
    _rule("plugin-success-lowered", RISKY, STALE, "More of its subtasks are allowed to fail, so results may be missing.", f"{_PLUGIN_MESSAGES}, {_POLICY}", mirror="plugin-success-raised", part="Plugin"),
    _rule("plugin-machine", BEHAVIOUR, NONE, "It runs on other machines.", _POLICY, aspects=(COST,), part="Plugin"),
    _rule("plugin-retries", BEHAVIOUR, NONE, "The plugin retries more or less often before it gives up.", f"{_PLUGIN_MESSAGES}, {_POLICY}", part="Plugin"),
    _rule("plugin-lifetime", COST, NONE, "The cluster that it starts is kept for a longer or shorter time.", f"{_PLUGIN_MESSAGES}, {_POLICY}", part="Plugin"),
    _rule("plugin-label", COSMETIC, NONE, "It is only a name or tag of the run.", _POLICY, part="Plugin"),
    *_entries("config", "Plugin setting", _BEHAVIOURS, STALE, f"{_PLUGINS}, {_POLICY}", part="Plugin"),
    _rule("id-version", NOISE, NONE, "Every release has a version of its own.", _POLICY),
    _rule("id-filled-in", NOISE, NONE, "Registration fills it in.", _REGISTER),
    _rule("id-name", BEHAVIOUR, INVALIDATES, "Workflows and the cache find a task by its name.", _CATALOG),
    _rule("id-place", BEHAVIOUR, INVALIDATES, "Workflows and the cache find a task by its project and domain.", _CATALOG),
    _rule("map-task-name", BEHAVIOUR, INVALIDATES, "The name of a map task contains a hash of its settings.", _CATALOG),
    _rule("version-reused", BREAKING, NONE, "Registration refuses a changed task under a version that is already registered.", _DIGESTS, is_consequence=True),
    _rule("documentation", COSMETIC, NONE, "Documentation: Flyte does not count it as a change of the task.", _DIGESTS),
    _rule(UNCLASSIFIED, BEHAVIOUR, NONE, "No rule of this package knows this field.", _POLICY),
)  # fmt: skip

RULES: Final[Mapping[str, Rule]] = {rule.id: rule for rule in _TABLE}
"""Every rule by its id."""


def checked_severities(severities: Mapping[str, str] | None) -> dict[str, str]:
    """Return the overrides of severities that a caller asks for, and those of the policy in force.

    Raises DiffError: there is no such rule, or no such severity; the error names the nearest.
    """
    policy = option("policy")
    given = {**({} if policy is None else policy.severities), **(severities or {})}
    for rule, severity in given.items():
        if rule not in RULES:
            raise DiffError(f"severities names the rule {rule!r}, which does not exist; {_nearest(rule, list(RULES))}")
        if severity not in _RANKS:
            raise DiffError(
                f"severities[{rule!r}] is {severity!r}, which is no severity; {_nearest(severity, list(SEVERITIES))}"
            )
    return given


def checked_accepted(accepted: Iterable[str], task: str = "") -> frozenset[str]:
    """Return the fingerprints that a caller gave, and those that the policy in force accepts of a task; one text is none.

    Raises DiffError: it is a single text.
    """
    if isinstance(accepted, str):
        raise DiffError(f"accepted={accepted!r} is one text, expected fingerprints; give accepted=[{accepted!r}]")
    policy = option("policy")
    return frozenset(accepted) if policy is None else frozenset(accepted) | policy.accepted_of(task)


def _nearest(given: object, known: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(str(given), known, 1, 0.4)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
