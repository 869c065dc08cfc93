"""The rules by which a change is judged, as a table.

A rule says how bad a kind of change is, what it does to cached results, when it reaches existing workflows, and why.
Where Flyte's own code decides, the source names it; the rest is policy of this package and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.errors import DiffError
from flytetask_nb.options import option

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def _entries(
    stem: str,
    noun: str,
    severities: tuple[str, str, str],
    cache: str,
    source: str,
    *,
    reasons: tuple[str, str, str] | None = None,
    aspects: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] = ((), (), ()),
    part: str = "",
) -> list[Rule]:
    """Return the rules of something that there are several of by name: added, removed, changed."""
    said = reasons or (f"{noun} added.", f"{noun} removed.", f"{noun} changed.")
    return [
        Rule(f"{stem}-added", severities[0], cache, said[0], source, (f"{stem}-removed",), aspects[0], part=part),
        Rule(f"{stem}-removed", severities[1], cache, said[1], source, (f"{stem}-added",), aspects[1], part=part),
        Rule(f"{stem}-changed", severities[2], cache, said[2], source, (f"{stem}-changed",), aspects[2], part=part),
    ]


def _pair(first: Rule, second: Rule) -> list[Rule]:
    """Return two rules that are each other's mirror."""
    return [first._replace(mirrors=(second.id,)), second._replace(mirrors=(first.id,))]


def _single(id: str, severity: str, cache: str, reason: str, source: str, **more: object) -> Rule:
    """Return a rule that is its own mirror."""
    return Rule(id, severity, cache, reason, source, (id,), **more)  # type: ignore[arg-type]


_INPUTS: Final = "Interface"
_ADDED_INPUTS: Final = ("input-added", "input-added-optional", "input-added-by-hole")
_INPUT_TYPES: Final = ("input-type-incompatible", "input-type-narrowed", "input-type-widened")
_OUTPUT_TYPES: Final = ("output-type-incompatible", "output-type-risky", "output-type-changed")
_BEHAVIOURS: Final = (BEHAVIOUR, BEHAVIOUR, BEHAVIOUR)
_COSMETICS: Final = (COSMETIC, COSMETIC, COSMETIC)


def _interface_rules() -> list[Rule]:
    return [
        Rule("input-removed", BREAKING, INVALIDATES, "Workflows that pass it no longer compile.", _BINDINGS, _ADDED_INPUTS),
        Rule("input-added", BREAKING, INVALIDATES, "It is required, and existing workflows do not pass it: they no longer compile.", _BINDINGS, ("input-removed",)),
        Rule("input-added-optional", BEHAVIOUR, INVALIDATES, "It is optional: existing workflows compile without it.", _BINDINGS, ("input-removed",)),
        Rule("input-added-by-hole", RISKY, INVALIDATES, "Flyte's compiler takes such a union for optional, so existing workflows compile, but at run time the value is missing.", _BINDINGS, ("input-removed",)),
        _single("input-renamed", BREAKING, INVALIDATES, "Workflows that pass it by its old name no longer compile.", _BINDINGS),
        Rule("input-type-incompatible", BREAKING, INVALIDATES, "It no longer accepts values of the old type.", _TYPING, _INPUT_TYPES, by_verdict=True),
        Rule("input-type-narrowed", RISKY, INVALIDATES, "It still accepts values of the old type, but not every value that it accepted before.", _TYPING, _INPUT_TYPES, by_verdict=True),
        Rule("input-type-widened", BEHAVIOUR, INVALIDATES, "It still accepts every value that it accepted before.", _TYPING, _INPUT_TYPES, by_verdict=True),
        Rule("output-removed", BREAKING, INVALIDATES, "Workflows that use it no longer compile.", _BINDINGS, ("output-added",)),
        Rule("output-added", RISKY, INVALIDATES, "Python code that unpacks the outputs gets one value more than it expects.", f"{_FLYTEKIT}, {_POLICY}", ("output-removed",)),
        _single("output-renamed", BREAKING, INVALIDATES, "Workflows that use it by its old name no longer compile.", _BINDINGS),
        Rule("output-type-incompatible", BREAKING, INVALIDATES, "It can no longer be passed to an input of the old type.", _TYPING, _OUTPUT_TYPES, by_verdict=True),
        Rule("output-type-risky", RISKY, INVALIDATES, "It can still be passed to an input of the old type, but not to every input that took it before.", _TYPING, _OUTPUT_TYPES, by_verdict=True),
        Rule("output-type-changed", RISKY, INVALIDATES, "It can be passed to every input that took it before, but a conditional can compare it only with an output of exactly the same type.", _CONDITION, _OUTPUT_TYPES, by_verdict=True),
        _single("input-as-a-whole", BREAKING, NONE, "Taken together, these changes make it refuse values that it accepted before.", _TYPING, by_verdict=True, is_consequence=True),
        _single("output-as-a-whole", BREAKING, NONE, "Taken together, these changes keep it from inputs that took it before.", _TYPING, by_verdict=True, is_consequence=True),
        _single("output-compared", RISKY, NONE, "A conditional can compare it only with an output of exactly the same type, metadata included.", _CONDITION, is_consequence=True),
        *_pair(
            Rule("enum-value-added", BREAKING, INVALIDATES, "An enum matches another only if both have the same values in the same order; a str still matches.", _TYPING, (), by_verdict=True),
            Rule("enum-value-removed", BREAKING, INVALIDATES, "An enum matches another only if both have the same values in the same order. As a str, the removed value is no longer accepted.", _TYPING, (), by_verdict=True),
        ),
        _single("enum-reordered", BREAKING, INVALIDATES, "An enum matches another only if both have the same values in the same order; a str still matches.", _TYPING, by_verdict=True),
        _single("union-reordered", COSMETIC, INVALIDATES, "The order of a union's variants matters to the cache key alone.", _CATALOG),
        *_pair(
            Rule("input-column-added", BREAKING, INVALIDATES, "It no longer accepts datasets without the column.", _TYPING, (), by_verdict=True),
            Rule("input-column-removed", BEHAVIOUR, INVALIDATES, "It still accepts datasets with the column.", _TYPING, ()),
        ),
        *_pair(
            Rule("output-column-added", BEHAVIOUR, INVALIDATES, "Tasks that use the other columns still work.", _TYPING, ()),
            Rule("output-column-removed", BREAKING, INVALIDATES, "Workflows whose next task declares the column no longer compile.", _TYPING, (), by_verdict=True),
        ),
        _single("column-type-changed", BREAKING, INVALIDATES, "Columns of the same name must have types that match.", _TYPING, by_verdict=True),
        _single("columns-reordered", COSMETIC, INVALIDATES, "The order of columns matters to the cache key alone.", _CATALOG),
        _single("blob-dimensionality", RISKY, INVALIDATES, "Flyte's compiler does not tell a file from a directory, so a mismatch shows only at run time.", _TYPING),
        *_pair(
            Rule("input-field-added", BREAKING, INVALIDATES, "A dataclass that is passed must have every field of the one that is expected.", _TYPING, (), by_verdict=True),
            Rule("input-field-removed", BREAKING, INVALIDATES, "A dataclass with additional fields is still accepted, unless its schema cannot be compared.", _TYPING, (), by_verdict=True),
        ),
        *_pair(
            Rule("output-field-added", BREAKING, INVALIDATES, "A dataclass with additional fields is still accepted, unless its schema cannot be compared.", _TYPING, (), by_verdict=True),
            Rule("output-field-removed", BREAKING, INVALIDATES, "Workflows whose next task needs the field no longer compile.", f"{_TYPING}, {_BINDINGS}", ()),
        ),
        _single("field-type-changed", BREAKING, INVALIDATES, "Fields of the same name must have types that match.", _TYPING, by_verdict=True),
        _single("dataclass-under-union", RISKY, STALE, "Inside Optional or Union, the fields of a dataclass are not part of the cache key: results in the old form may still be served.", _DATACLASSES),
        _single("type-tag", BREAKING, INVALIDATES, "A type with a tag matches only types with the same tag.", _TYPING, by_verdict=True),
        _single("type-schema", BREAKING, NONE, "The JSON schema of a dataclass decides which values are accepted, but is not part of the cache key.", f"{_TYPING}, {_CATALOG}", by_verdict=True),
        _single("type-metadata", COSMETIC, NONE, "Metadata of the type: neither Flyte's compiler nor the cache looks at it.", f"{_TYPING}, {_CATALOG}"),
        _single("type-annotation", COSMETIC, NONE, "Annotation of the type: Flyte's compiler ignores it, and the cache reads nothing of it but cache-key-metadata.", f"{_TYPING}, {_CATALOG}"),
        _single("variable-description", COSMETIC, NONE, "Documentation: Flyte counts the task as changed, but the cache key stays.", _CATALOG),
        _single("artifact", BEHAVIOUR, INVALIDATES, "It publishes or queries another artifact.", _CATALOG),
    ]  # fmt: skip


def _execution_rules() -> list[Rule]:
    return [
        _single("task-type", BEHAVIOUR, NONE, "Another plugin runs it, and some plugins do not cache.", f"{_VALIDATION}, {_PLUGINS}", part="Plugin"),
        _single("task-type-version", BEHAVIOUR, NONE, "The plugin may read the same settings differently.", _PLUGINS, part="Plugin"),
        _single("target-switched", BEHAVIOUR, STALE, "It runs as another kind of target: container, pod or SQL.", f"{_PLUGINS}, {_POLICY}"),
        _single("image-repository", BEHAVIOUR, STALE, "It runs in another image.", _POLICY),
        _single("image-tag", BEHAVIOUR, STALE, "It runs in another image: this tag did not just move along with the release.", _POLICY),
        _single("image-digest", BEHAVIOUR, STALE, "It runs in another build of the image.", _POLICY),
        _single("image-release-tag", NOISE, STALE, "The tag follows the release.", _POLICY),
        _single("code-bundle", NOISE, STALE, "Every fast registration uploads the code to a new place.", f"{_REGISTER}, {_POLICY}"),
        *_pair(
            Rule("fast-registration-on", BEHAVIOUR, STALE, "The code now comes from an uploaded bundle, no longer with the image.", _REGISTER, ()),
            Rule("fast-registration-off", BEHAVIOUR, STALE, "The code comes with the image again, no longer from an uploaded bundle.", _REGISTER, ()),
        ),
        *_entries("argument", "Argument", _BEHAVIOURS, STALE, _PLUGINS),
        _single("argument-moved", BEHAVIOUR, STALE, "The same arguments, in another order.", _PLUGINS),
        *_pair(
            Rule("template-input-gone", BREAKING, NONE, "The command refers to an input that does not exist: every run fails.", _TEMPLATES, (), is_consequence=True),
            Rule("template-input-restored", BEHAVIOUR, NONE, "The input that the command refers to exists again.", _TEMPLATES, (), is_consequence=True),
        ),
        *_entries("env", "Environment variable", _BEHAVIOURS, STALE, _PLUGINS),
        _single("env-reordered", BEHAVIOUR, STALE, "One variable refers to another, and Kubernetes resolves only references to earlier ones.", "Kubernetes"),
        _single("env-shadowed", COSMETIC, NONE, "The variable is set twice, and the last value counts.", "Kubernetes"),
        _single("serialization-settings", NOISE, STALE, "These variables, set by flytekit, name the release.", _REGISTER),
        _single("release-echo", NOISE, STALE, "Only the image or version inside it changed, which is listed separately.", _POLICY),
        *_entries("port", "Port", _BEHAVIOURS, STALE, _PLUGINS),
        _single("data-loading", BEHAVIOUR, STALE, "The raw container gets its inputs and outputs in another way.", _PLUGINS),
        _single("architecture", BEHAVIOUR, STALE, "It runs on another kind of processor.", _PLUGINS),
        *_entries("container-setting", "Container setting", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-container", "Container beside the task", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-init-container", "Init container", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-volume", "Volume", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-toleration", "Toleration", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-affinity", "Affinity", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-label", "Pod label", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-annotation", "Pod annotation", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-setting", "Pod setting", _BEHAVIOURS, STALE, _PLUGINS),
        _single("primary-container", BEHAVIOUR, STALE, "Another container of the pod runs the task.", _PLUGINS),
        _single("sql-statement", BEHAVIOUR, STALE, "It runs another statement.", _POLICY),
        _single("sql-dialect", BEHAVIOUR, STALE, "The statement is read as another SQL dialect.", _POLICY),
    ]  # fmt: skip


_R: Final = "Resources"


def _resource_rules() -> list[Rule]:
    rules: list[Rule] = []
    for kind, more in (("request", "Every run reserves more."), ("limit", "A run may use more.")):
        rules += _pair(
            Rule(f"{kind}-raised", COST, NONE, more, _RESOURCES, (), part=_R),
            Rule(f"{kind}-lowered", RISKY, NONE, "It may run out of memory or be slowed down.", f"{_RESOURCES}, {_POLICY}", (), part=_R),
        )  # fmt: skip
        rules += _pair(
            Rule(f"{kind}-added", COST, NONE, "It replaces the amount of the pod template or the platform's default.", _RESOURCES, (), part=_R),
            Rule(f"{kind}-removed", RISKY, NONE, "The amount of the pod template or the platform's default applies instead.", f"{_RESOURCES}, {_POLICY}", (), part=_R),
        )  # fmt: skip
        rules.append(
            _single(
                f"{kind}-changed",
                RISKY,
                NONE,
                "An amount cannot be read as a Kubernetes quantity.",
                _VALIDATION,
                part=_R,
            )
        )
    return [
        *rules,
        *_pair(
            Rule("resources-refused", BREAKING, NONE, "Registration refuses these resources.", _VALIDATION, (), part=_R, is_consequence=True),
            Rule("resources-mended", BEHAVIOUR, NONE, "Registration refused the old resources and accepts these.", _VALIDATION, (), part=_R, is_consequence=True),
        ),
        _single("resource-repeated", COSMETIC, NONE, "The resource is given twice: the last amount counts, and registration refuses the task.", _VALIDATION, part=_R),
        *_entries("resource-ignored", "", _COSMETICS, NONE, _RESOURCES, reasons=("Flyte ignores this resource.",) * 3, part=_R),
        *_entries("accelerator", "Accelerator", _BEHAVIOURS, NONE, _PLUGINS, aspects=((COST,), (COST,), (COST,)), part=_R),
        *_entries("shared-memory", "Shared memory", _BEHAVIOURS, NONE, _PLUGINS, part=_R),
    ]  # fmt: skip


def _metadata_rules() -> list[Rule]:
    return [
        *_pair(
            Rule("cache-on", BEHAVIOUR, ON, "Results are cached from now on.", _CATALOG, ()),
            Rule("cache-off", BEHAVIOUR, OFF, "Results are no longer cached: every run computes them again.", _CATALOG, (), (COST,)),
        ),
        _single("cache-version", BEHAVIOUR, INVALIDATES, "Results cached under the old version are no longer used.", _CATALOG),
        *_pair(
            Rule("cache-ignored-added", BEHAVIOUR, STALE, "The cache ignores this input: results computed for other values of it may be served.", _CATALOG, ()),
            Rule("cache-ignored-removed", BEHAVIOUR, TAGS, "The cache takes this input into account again: earlier results are no longer used.", _CATALOG, ()),
        ),
        *_pair(
            Rule("cache-serialized", BEHAVIOUR, NONE, "Runs with equal inputs wait for each other.", _CATALOG, ()),
            Rule("cache-not-serialized", BEHAVIOUR, NONE, "Runs with equal inputs no longer wait for each other.", _CATALOG, ()),
        ),
        *_pair(
            Rule("retries-raised", BEHAVIOUR, NONE, "A failing run is retried more often. Workflows that set their own number of retries keep it until they are registered again.", _NODES, (), (COST,), RECOMPILE),
            Rule("retries-lowered", BEHAVIOUR, NONE, "A failing run is retried less often. Workflows that set their own number of retries keep it until they are registered again.", _NODES, (), (), RECOMPILE),
        ),
        *_pair(
            Rule("timeout-lowered", RISKY, NONE, "Runs that take longer than this are now stopped.", _NODES, (), (), RECOMPILE),
            Rule("timeout-raised", BEHAVIOUR, NONE, "Runs may take longer before they are stopped.", _NODES, (), (), RECOMPILE),
        ),
        _single("interruptible", BEHAVIOUR, NONE, "It decides whether the task may run on spot machines, which can be taken away.", _NODES, aspects=(COST,), effective=RECOMPILE),
        *_pair(
            Rule("pod-template-set", RISKY, NONE, "Runs fail if the cluster has no pod template of this name.", _PLUGINS, ()),
            Rule("pod-template-cleared", BEHAVIOUR, NONE, "The platform's default pod template applies.", _PLUGINS, ()),
        ),
        _single("pod-template-changed", RISKY, NONE, "Runs fail if the cluster has no pod template of this name.", _PLUGINS),
        *_pair(
            Rule("eager-on", BEHAVIOUR, NONE, "It runs as an eager workflow.", "flytekit", ()),
            Rule("eager-off", BEHAVIOUR, NONE, "It no longer runs as an eager workflow.", "flytekit", ()),
        ),
        *_pair(
            Rule("deprecated", COSMETIC, NONE, "The author asks users to stop using it.", _POLICY, ()),
            Rule("deprecation-lifted", COSMETIC, NONE, "It is no longer deprecated.", _POLICY, ()),
        ),
        _single("deprecation-message", COSMETIC, NONE, "The deprecation message reads differently.", _POLICY),
        *_pair(
            Rule("deck-on", COSMETIC, NONE, "Runs write a deck.", _POLICY, ()),
            Rule("deck-off", COSMETIC, NONE, "Runs no longer write a deck.", _POLICY, ()),
        ),
        *_entries("label", "Label", _COSMETICS, NONE, _POLICY),
        *_entries("annotation", "Annotation", _COSMETICS, NONE, _POLICY),
        *_entries("tag", "Tag", _COSMETICS, NONE, _POLICY),
        _single("runtime-version", NOISE, NONE, "It was packaged with another version of the SDK.", _POLICY),
        _single("runtime-kind", COSMETIC, NONE, "It was packaged with another SDK.", _POLICY),
    ]  # fmt: skip


def _other_rules() -> list[Rule]:
    must_exist = "Runs fail if the cluster has no such secret."
    return [
        *_entries(
            "secret", "Secret", (RISKY, BEHAVIOUR, RISKY), STALE, f"{_PLUGINS}, {_POLICY}",
            reasons=(must_exist, "It no longer gets the secret.", "It gets the secret in another way."),
        ),
        *_entries("token", "Token", (RISKY, BEHAVIOUR, RISKY), STALE, f"{_PLUGINS}, {_POLICY}"),
        _single("identity", RISKY, NONE, "It runs under another identity, which may lack permissions.", _POLICY),
        *_entries("custom", "Plugin setting", _BEHAVIOURS, STALE, f"{_PLUGINS}, {_POLICY}", part="Plugin"),
        *_pair(
            Rule("plugin-scale-raised", COST, NONE, "More of its processes run at the same time.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
            Rule("plugin-scale-lowered", BEHAVIOUR, NONE, "Fewer of its processes run at the same time, so it may take longer.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
        ),
        *_pair(
            Rule("plugin-memory-raised", COST, NONE, "Every process reserves more memory.", f"Spark, {_POLICY}", (), part="Plugin"),
            Rule("plugin-memory-lowered", RISKY, NONE, "Its processes may run out of memory.", f"Spark, {_POLICY}", (), part="Plugin"),
        ),
        *_pair(
            Rule("plugin-success-raised", BEHAVIOUR, NONE, "Fewer of its subtasks are allowed to fail.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
            Rule("plugin-success-lowered", RISKY, STALE, "More of its subtasks are allowed to fail, so results may be missing.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
        ),
        _single("plugin-machine", BEHAVIOUR, NONE, "It runs on other machines.", _POLICY, aspects=(COST,), part="Plugin"),
        _single("plugin-retries", BEHAVIOUR, NONE, "The plugin retries more or less often before it gives up.", f"{_PLUGIN_MESSAGES}, {_POLICY}", part="Plugin"),
        _single("plugin-lifetime", COST, NONE, "The cluster that it starts is kept for a longer or shorter time.", f"{_PLUGIN_MESSAGES}, {_POLICY}", part="Plugin"),
        _single("plugin-label", COSMETIC, NONE, "It is only a name or tag of the run.", _POLICY, part="Plugin"),
        *_entries("config", "Plugin setting", _BEHAVIOURS, STALE, f"{_PLUGINS}, {_POLICY}", part="Plugin"),
        _single("id-version", NOISE, NONE, "Every release has a version of its own.", _POLICY),
        _single("id-filled-in", NOISE, NONE, "Registration fills it in.", _REGISTER),
        _single("id-name", BEHAVIOUR, INVALIDATES, "Workflows and the cache find a task by its name.", _CATALOG),
        _single("id-place", BEHAVIOUR, INVALIDATES, "Workflows and the cache find a task by its project and domain.", _CATALOG),
        _single("map-task-name", BEHAVIOUR, INVALIDATES, "The name of a map task contains a hash of its settings.", _CATALOG),
        _single("version-reused", BREAKING, NONE, "Registration refuses a changed task under a version that is already registered.", _DIGESTS, is_consequence=True),
        _single("documentation", COSMETIC, NONE, "Documentation: Flyte does not count it as a change of the task.", _DIGESTS),
        _single(UNCLASSIFIED, BEHAVIOUR, NONE, "No rule of this package knows this field.", _POLICY),
    ]  # fmt: skip


RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rules in (_interface_rules, _execution_rules, _resource_rules, _metadata_rules, _other_rules)
    for rule in rules()
}
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
