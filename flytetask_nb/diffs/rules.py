"""The rules by which a change is judged, as a table.

A rule says how bad a kind of change is, what it does to cached results, when it reaches existing workflows, and why.
Where Flyte's own code decides, the source names it; the rest is policy of this package and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.errors import DiffError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "BEHAVIOUR",
    "BREAKING",
    "COSMETIC",
    "COST",
    "NOISE",
    "RISKY",
    "RULES",
    "SEVERITIES",
    "UNCLASSIFIED",
    "Rule",
    "checked_accepted",
    "checked_severities",
    "rank",
]

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
        Rule("input-removed", BREAKING, INVALIDATES, "A caller that binds it no longer compiles.", _BINDINGS, _ADDED_INPUTS),
        Rule("input-added", BREAKING, INVALIDATES, "Existing callers do not bind it, and it is not optional.", _BINDINGS, ("input-removed",)),
        Rule("input-added-optional", BEHAVIOUR, INVALIDATES, "Optional: existing callers compile without it.", _BINDINGS, ("input-removed",)),
        Rule("input-added-by-hole", RISKY, INVALIDATES, "Existing callers compile only because the compiler takes every union with a variant that is not simple for optional; at run time the value is missing.", _BINDINGS, ("input-removed",)),
        _single("input-renamed", BREAKING, INVALIDATES, "A caller that binds the old name no longer compiles.", _BINDINGS),
        Rule("input-type-incompatible", BREAKING, INVALIDATES, "A value of the old type no longer feeds it.", _TYPING, _INPUT_TYPES, by_verdict=True),
        Rule("input-type-narrowed", RISKY, INVALIDATES, "Values of the old type still feed it, but not everything that fed the old one does.", _TYPING, _INPUT_TYPES, by_verdict=True),
        Rule("input-type-widened", BEHAVIOUR, INVALIDATES, "Everything that fed it still does.", _TYPING, _INPUT_TYPES, by_verdict=True),
        Rule("output-removed", BREAKING, INVALIDATES, "A caller that reads it no longer compiles.", _BINDINGS, ("output-added",)),
        Rule("output-added", RISKY, INVALIDATES, "Python callers that unpack the results get one more.", f"{_FLYTEKIT}, {_POLICY}", ("output-removed",)),
        _single("output-renamed", BREAKING, INVALIDATES, "A caller that reads the old name no longer compiles.", _BINDINGS),
        Rule("output-type-incompatible", BREAKING, INVALIDATES, "It no longer feeds a variable of the old type.", _TYPING, _OUTPUT_TYPES, by_verdict=True),
        Rule("output-type-risky", RISKY, INVALIDATES, "It feeds a variable of the old type, but not everything that the old one fed.", _TYPING, _OUTPUT_TYPES, by_verdict=True),
        Rule("output-type-changed", RISKY, INVALIDATES, "It feeds all that it fed, but a conditional that compares it with another output needs the very same type.", _CONDITION, _OUTPUT_TYPES, by_verdict=True),
        _single("input-as-a-whole", BREAKING, NONE, "Taken together, these changes keep out what fed it before.", _TYPING, by_verdict=True, is_consequence=True),
        _single("output-as-a-whole", BREAKING, NONE, "Taken together, these changes keep it from what it fed before.", _TYPING, by_verdict=True, is_consequence=True),
        _single("output-compared", RISKY, NONE, "A conditional that compares it with another output needs the very same type, metadata included.", _CONDITION, is_consequence=True),
        *_pair(
            Rule("enum-value-added", BREAKING, INVALIDATES, "An enum feeds an enum only with the same values in the same order; texts still fit.", _TYPING, (), by_verdict=True),
            Rule("enum-value-removed", BREAKING, INVALIDATES, "An enum feeds an enum only with the same values in the same order, and a literal with the old value no longer fits; texts still do.", _TYPING, (), by_verdict=True),
        ),
        _single("enum-reordered", BREAKING, INVALIDATES, "An enum feeds an enum only with the same values in the same order; texts still fit.", _TYPING, by_verdict=True),
        _single("union-reordered", COSMETIC, INVALIDATES, "The order of variants decides nothing but the cache key.", _CATALOG),
        *_pair(
            Rule("input-column-added", BREAKING, INVALIDATES, "A dataset without the column no longer fits.", _TYPING, (), by_verdict=True),
            Rule("input-column-removed", BEHAVIOUR, INVALIDATES, "Datasets with the column still fit.", _TYPING, ()),
        ),
        *_pair(
            Rule("output-column-added", BEHAVIOUR, INVALIDATES, "Whatever read the other columns still can.", _TYPING, ()),
            Rule("output-column-removed", BREAKING, INVALIDATES, "A consumer that declares the column no longer compiles.", _TYPING, (), by_verdict=True),
        ),
        _single("column-type-changed", BREAKING, INVALIDATES, "A column feeds one of the same name if its type does.", _TYPING, by_verdict=True),
        _single("columns-reordered", COSMETIC, INVALIDATES, "The order of columns decides nothing but the cache key.", _CATALOG),
        _single("blob-dimensionality", RISKY, INVALIDATES, "The compiler does not tell a file from a directory, so this shows only at run time.", _TYPING),
        *_pair(
            Rule("input-field-added", BREAKING, INVALIDATES, "A dataclass feeds another only if it has all of its fields.", _TYPING, (), by_verdict=True),
            Rule("input-field-removed", BREAKING, INVALIDATES, "A dataclass with more fields feeds one with fewer, unless its schema cannot be compared.", _TYPING, (), by_verdict=True),
        ),
        *_pair(
            Rule("output-field-added", BREAKING, INVALIDATES, "A dataclass with more fields feeds one with fewer, unless its schema cannot be compared.", _TYPING, (), by_verdict=True),
            Rule("output-field-removed", BREAKING, INVALIDATES, "A consumer that needs the field no longer compiles.", f"{_TYPING}, {_BINDINGS}", ()),
        ),
        _single("field-type-changed", BREAKING, INVALIDATES, "A dataclass feeds another only if the types of its fields agree.", _TYPING, by_verdict=True),
        _single("dataclass-under-union", RISKY, STALE, "Under Optional or Union the fields of a dataclass are no part of the cache key: results of the old form are still found.", _DATACLASSES),
        _single("type-tag", BREAKING, INVALIDATES, "A type with a structure tag feeds only types of the same tag.", _TYPING, by_verdict=True),
        _single("type-schema", BREAKING, NONE, "The JSON schema of a dataclass decides what feeds it, but is no part of the cache key.", f"{_TYPING}, {_CATALOG}", by_verdict=True),
        _single("type-metadata", COSMETIC, NONE, "Neither the compiler nor the cache looks at it.", f"{_TYPING}, {_CATALOG}"),
        _single("type-annotation", COSMETIC, NONE, "The compiler does not look at it, and the cache only at cache-key-metadata.", f"{_TYPING}, {_CATALOG}"),
        _single("variable-description", COSMETIC, NONE, "Documentation; it changes the structure digest, but not the cache key.", _CATALOG),
        _single("artifact", BEHAVIOUR, INVALIDATES, "Other artifacts are published or looked for.", _CATALOG),
    ]  # fmt: skip


def _execution_rules() -> list[Rule]:
    return [
        _single("task-type", BEHAVIOUR, NONE, "Another plugin runs it, which may also turn caching off.", f"{_VALIDATION}, {_PLUGINS}", part="Plugin"),
        _single("task-type-version", BEHAVIOUR, NONE, "The plugin reads its settings by other rules.", _PLUGINS, part="Plugin"),
        _single("target-switched", BEHAVIOUR, STALE, "What runs it is another kind of thing.", f"{_PLUGINS}, {_POLICY}"),
        _single("image-repository", BEHAVIOUR, STALE, "Another image runs it.", _POLICY),
        _single("image-tag", BEHAVIOUR, STALE, "Another image runs it: the tag follows neither the version of the task, nor a commit, nor the tasks beside it.", _POLICY),
        _single("image-digest", BEHAVIOUR, STALE, "Another build of the image runs it.", _POLICY),
        _single("image-release-tag", NOISE, STALE, "The tag follows the release.", _POLICY),
        _single("code-bundle", NOISE, STALE, "The place of the code changes with every fast registration.", f"{_REGISTER}, {_POLICY}"),
        *_pair(
            Rule("fast-registration-on", BEHAVIOUR, STALE, "The code no longer comes with the image but from a bundle.", _REGISTER, ()),
            Rule("fast-registration-off", BEHAVIOUR, STALE, "The code comes with the image again.", _REGISTER, ()),
        ),
        *_entries("argument", "Argument", _BEHAVIOURS, STALE, _PLUGINS),
        _single("argument-moved", BEHAVIOUR, STALE, "The same arguments in another order.", _PLUGINS),
        *_pair(
            Rule("template-input-gone", BREAKING, NONE, "The command asks for an input that is not there: it fails when it runs.", _TEMPLATES, (), is_consequence=True),
            Rule("template-input-restored", BEHAVIOUR, NONE, "The input that the command asks for is there again.", _TEMPLATES, (), is_consequence=True),
        ),
        *_entries("env", "Environment variable", _BEHAVIOURS, STALE, _PLUGINS),
        _single("env-reordered", BEHAVIOUR, STALE, "A value refers to another one, and a reference finds only what stands before it.", "Kubernetes"),
        _single("env-shadowed", COSMETIC, NONE, "Of a variable that stands there twice the last value counts.", "Kubernetes"),
        _single("serialization-settings", NOISE, STALE, "Settings of flytekit itself name the release.", _REGISTER),
        _single("release-echo", NOISE, STALE, "Only the image or the version in it changed, which is listed by itself.", _POLICY),
        *_entries("port", "Port", _BEHAVIOURS, STALE, _PLUGINS),
        _single("data-loading", BEHAVIOUR, STALE, "Inputs and outputs of the raw container are moved in another way.", _PLUGINS),
        _single("architecture", BEHAVIOUR, STALE, "It runs on another kind of processor.", _PLUGINS),
        *_entries("container-setting", "Setting of the container", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-container", "Another container of the pod", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-init-container", "Init container", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-volume", "Volume", _BEHAVIOURS, STALE, _PLUGINS),
        *_entries("pod-toleration", "Toleration", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-affinity", "Affinity", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-label", "Label of the pod", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-annotation", "Annotation of the pod", _BEHAVIOURS, NONE, _PLUGINS),
        *_entries("pod-setting", "Setting of the pod", _BEHAVIOURS, STALE, _PLUGINS),
        _single("primary-container", BEHAVIOUR, STALE, "Another container of the pod runs the task.", _PLUGINS),
        _single("sql-statement", BEHAVIOUR, STALE, "Another statement runs.", _POLICY),
        _single("sql-dialect", BEHAVIOUR, STALE, "The statement is read by other rules.", _POLICY),
    ]  # fmt: skip


_R: Final = "Resources"


def _resource_rules() -> list[Rule]:
    rules: list[Rule] = []
    for kind in ("request", "limit"):
        rules += _pair(
            Rule(f"{kind}-raised", COST, NONE, "More is set aside for every run.", _RESOURCES, (), part=_R),
            Rule(f"{kind}-lowered", RISKY, NONE, "It may run out of memory or be throttled.", f"{_RESOURCES}, {_POLICY}", (), part=_R),
        )  # fmt: skip
        rules += _pair(
            Rule(f"{kind}-added", COST, NONE, "Takes the place of a pod template's amount or the platform's default.", _RESOURCES, (), part=_R),
            Rule(f"{kind}-removed", RISKY, NONE, "A pod template's amount or the platform's default takes its place.", f"{_RESOURCES}, {_POLICY}", (), part=_R),
        )  # fmt: skip
        rules.append(
            _single(f"{kind}-changed", RISKY, NONE, "An amount is not readable as a quantity.", _VALIDATION, part=_R)
        )
    return [
        *rules,
        *_pair(
            Rule("resources-refused", BREAKING, NONE, "Registration refuses these resources.", _VALIDATION, (), part=_R, is_consequence=True),
            Rule("resources-mended", BEHAVIOUR, NONE, "Registration refused the resources before.", _VALIDATION, (), part=_R, is_consequence=True),
        ),
        _single("resource-repeated", COSMETIC, NONE, "Of a resource that stands there twice the last amount counts, and registration refuses the task.", _VALIDATION, part=_R),
        *_entries("resource-ignored", "Resource that Flyte passes on to nothing", _COSMETICS, NONE, _RESOURCES, part=_R),
        *_entries("accelerator", "Accelerator", _BEHAVIOURS, NONE, _PLUGINS, aspects=((COST,), (COST,), (COST,)), part=_R),
        *_entries("shared-memory", "Shared memory", _BEHAVIOURS, NONE, _PLUGINS, part=_R),
    ]  # fmt: skip


def _metadata_rules() -> list[Rule]:
    return [
        *_pair(
            Rule("cache-on", BEHAVIOUR, ON, "Results are kept and found again.", _CATALOG, ()),
            Rule("cache-off", BEHAVIOUR, OFF, "Every run computes anew.", _CATALOG, (), (COST,)),
        ),
        _single("cache-version", BEHAVIOUR, INVALIDATES, "Results under the old version are no longer found.", _CATALOG),
        *_pair(
            Rule("cache-ignored-added", BEHAVIOUR, STALE, "Results for other values of the input can be served.", _CATALOG, ()),
            Rule("cache-ignored-removed", BEHAVIOUR, TAGS, "The input counts again: results are kept under other tags.", _CATALOG, ()),
        ),
        *_pair(
            Rule("cache-serialized", BEHAVIOUR, NONE, "Runs with equal inputs wait for each other.", _CATALOG, ()),
            Rule("cache-not-serialized", BEHAVIOUR, NONE, "Runs with equal inputs no longer wait for each other.", _CATALOG, ()),
        ),
        *_pair(
            Rule("retries-raised", BEHAVIOUR, NONE, "A failing task is tried more often; callers whose node has a count of its own keep that until they are compiled again.", _NODES, (), (COST,), RECOMPILE),
            Rule("retries-lowered", BEHAVIOUR, NONE, "A failing task is given up sooner; callers whose node has a count of its own keep that until they are compiled again.", _NODES, (), (), RECOMPILE),
        ),
        *_pair(
            Rule("timeout-lowered", RISKY, NONE, "A run that takes longer is stopped now.", _NODES, (), (), RECOMPILE),
            Rule("timeout-raised", BEHAVIOUR, NONE, "A run may take longer.", _NODES, (), (), RECOMPILE),
        ),
        _single("interruptible", BEHAVIOUR, NONE, "Decides whether it may run on machines that can be taken away.", _NODES, aspects=(COST,), effective=RECOMPILE),
        *_pair(
            Rule("pod-template-set", RISKY, NONE, "It fails if the cluster has no pod template of that name.", _PLUGINS, ()),
            Rule("pod-template-cleared", BEHAVIOUR, NONE, "The platform's own pod template applies.", _PLUGINS, ()),
        ),
        _single("pod-template-changed", RISKY, NONE, "It fails if the cluster has no pod template of that name.", _PLUGINS),
        *_pair(
            Rule("eager-on", BEHAVIOUR, NONE, "It runs as an eager workflow.", "flytekit", ()),
            Rule("eager-off", BEHAVIOUR, NONE, "It no longer runs as an eager workflow.", "flytekit", ()),
        ),
        *_pair(
            Rule("deprecated", COSMETIC, NONE, "Its author wants it to be used no longer.", _POLICY, ()),
            Rule("deprecation-lifted", COSMETIC, NONE, "It is no longer deprecated.", _POLICY, ()),
        ),
        _single("deprecation-message", COSMETIC, NONE, "Other words for the deprecation.", _POLICY),
        *_pair(
            Rule("deck-on", COSMETIC, NONE, "A run writes a deck.", _POLICY, ()),
            Rule("deck-off", COSMETIC, NONE, "A run writes no deck.", _POLICY, ()),
        ),
        *_entries("label", "Label", _COSMETICS, NONE, _POLICY),
        *_entries("annotation", "Annotation", _COSMETICS, NONE, _POLICY),
        *_entries("tag", "Tag", _COSMETICS, NONE, _POLICY),
        _single("runtime-version", NOISE, NONE, "Another version of the SDK wrote it.", _POLICY),
        _single("runtime-kind", COSMETIC, NONE, "Another SDK wrote it.", _POLICY),
    ]  # fmt: skip


def _other_rules() -> list[Rule]:
    must_exist = "It fails if there is no such secret."
    return [
        *_entries(
            "secret", "Secret", (RISKY, BEHAVIOUR, RISKY), STALE, f"{_PLUGINS}, {_POLICY}",
            reasons=(must_exist, "It is no longer given the secret.", "It is given the secret in another way."),
        ),
        *_entries("token", "Token", (RISKY, BEHAVIOUR, RISKY), STALE, f"{_PLUGINS}, {_POLICY}"),
        _single("identity", RISKY, NONE, "It runs as somebody else, who may lack rights.", _POLICY),
        *_entries("custom", "Setting of the plugin", _BEHAVIOURS, STALE, f"{_PLUGINS}, {_POLICY}", part="Plugin"),
        *_pair(
            Rule("plugin-scale-raised", COST, NONE, "More runs at the same time.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
            Rule("plugin-scale-lowered", BEHAVIOUR, NONE, "Less runs at the same time: it takes longer.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
        ),
        *_pair(
            Rule("plugin-memory-raised", COST, NONE, "More is set aside for every process.", f"Spark, {_POLICY}", (), part="Plugin"),
            Rule("plugin-memory-lowered", RISKY, NONE, "Its processes may run out of memory.", f"Spark, {_POLICY}", (), part="Plugin"),
        ),
        *_pair(
            Rule("plugin-success-raised", BEHAVIOUR, NONE, "Fewer of its parts may fail.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
            Rule("plugin-success-lowered", RISKY, STALE, "It succeeds though more of its parts failed: results can be missing.", f"{_PLUGIN_MESSAGES}, {_POLICY}", (), part="Plugin"),
        ),
        _single("plugin-machine", BEHAVIOUR, NONE, "Other machines run it.", _POLICY, aspects=(COST,), part="Plugin"),
        _single("plugin-retries", BEHAVIOUR, NONE, "The plugin gives up later or sooner.", f"{_PLUGIN_MESSAGES}, {_POLICY}", part="Plugin"),
        _single("plugin-lifetime", COST, NONE, "What it started stays for longer or shorter.", f"{_PLUGIN_MESSAGES}, {_POLICY}", part="Plugin"),
        _single("plugin-label", COSMETIC, NONE, "It only names or tags the run.", _POLICY, part="Plugin"),
        *_entries("config", "Setting of the plugin", _BEHAVIOURS, STALE, f"{_PLUGINS}, {_POLICY}", part="Plugin"),
        _single("id-version", NOISE, NONE, "Every release has its own version.", _POLICY),
        _single("id-filled-in", NOISE, NONE, "Registration fills it in.", _REGISTER),
        _single("id-name", BEHAVIOUR, INVALIDATES, "Callers know it by its name, and so does the cache.", _CATALOG),
        _single("id-place", BEHAVIOUR, INVALIDATES, "Callers know it by project and domain, and so does the cache.", _CATALOG),
        _single("map-task-name", BEHAVIOUR, INVALIDATES, "The name of a map task holds a hash of its settings.", _CATALOG),
        _single("version-reused", BREAKING, NONE, "Registration refuses another structure under the same version.", _DIGESTS, is_consequence=True),
        _single("documentation", COSMETIC, NONE, "Documentation is no part of the structure.", _DIGESTS),
        _single(UNCLASSIFIED, BEHAVIOUR, NONE, "Unclassified change: no rule knows this field.", _POLICY),
    ]  # fmt: skip


RULES: Final[Mapping[str, Rule]] = {
    rule.id: rule
    for rules in (_interface_rules, _execution_rules, _resource_rules, _metadata_rules, _other_rules)
    for rule in rules()
}
"""Every rule by its id."""


def checked_severities(severities: Mapping[str, str] | None) -> dict[str, str]:
    """Return the overrides of severities that a caller asks for.

    Raises
    ------
    DiffError
        There is no such rule, or no such severity; the error names the nearest.
    """
    given = dict(severities or {})
    for rule, severity in given.items():
        if rule not in RULES:
            raise DiffError(f"severities names the rule {rule!r}, which does not exist; {_nearest(rule, list(RULES))}")
        if severity not in _RANKS:
            raise DiffError(
                f"severities[{rule!r}] is {severity!r}, which is no severity; {_nearest(severity, list(SEVERITIES))}"
            )
    return given


def checked_accepted(accepted: Iterable[str]) -> frozenset[str]:
    """Return the fingerprints that a caller gave; one text is none.

    Raises
    ------
    DiffError
        It is a single text.
    """
    if isinstance(accepted, str):
        raise DiffError(f"accepted={accepted!r} is one text, expected fingerprints; give accepted=[{accepted!r}]")
    return frozenset(accepted)


def _nearest(given: object, known: list[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only an error needs it

    close = get_close_matches(str(given), known, 1, 0.4)
    return f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
