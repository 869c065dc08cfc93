"""The rules of registration as data: what Flyte Admin refuses, and what it takes though it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.semantics.findings import REFUSED, WARNING
from flytetask_nb.semantics.task_container import PRIMARY_CONTAINER_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RULES", "RegistrationRule"]

_INVALID: Final = "INVALID_ARGUMENT"
_INTERNAL: Final = "INTERNAL"

_VALIDATION: Final = "flyteadmin/pkg/manager/impl/validation/task_validator.go"
_IDENTIFIERS: Final = "flyteadmin/pkg/manager/impl/validation/validation.go"
_COMPILER: Final = "flytepropeller/pkg/compiler/task_compiler.go"
_DIGESTS: Final = "flyteadmin/pkg/manager/impl/util/digests.go"
_CONTAINERS: Final = "flyteplugins/go/tasks/pluginmachinery/flytek8s/container_helper.go"
_AMOUNTS: Final = "flyteplugins/go/tasks/pluginmachinery/flytek8s/utils.go"
_PODS: Final = "flyteplugins/go/tasks/pluginmachinery/flytek8s/pod_helper.go"
_TEMPLATES: Final = "flyteplugins/go/tasks/pluginmachinery/core/template/template.go"
_BIGQUERY: Final = "flyteplugins/go/tasks/plugins/webapi/bigquery/plugin.go"
_FLYTEKIT_SQL: Final = "flytekit/core/base_sql_task.py"
_DOWNLOAD: Final = "flytecopilot/data/download.go"
_UPLOAD: Final = "flytecopilot/data/upload.go"
_CATALOG: Final = "flytepropeller/pkg/controller/nodes/catalog/datacatalog/transformer.go"
_CACHING: Final = "flytepropeller/pkg/controller/nodes/task/cache.go"
_PLUGINS: Final = "flyteplugins/go/tasks/plugins/k8s"
_MARSHALLING: Final = "flytestdlib/utils/marshal_utils.go, UnmarshalStructToPb"
_HYDRATION: Final = "flytectl/cmd/register/register_util.go"
_KUBERNETES: Final = "Kubernetes"
_POLICY: Final = "policy of this package"


class RegistrationRule(NamedTuple):
    """A rule of registration.

    Attributes
    ----------
    id : str
        Its name.
    severity : str
        ``"refused"`` or ``"warning"``.
    reason : str
        Why it matters and what to do, in a sentence or two.
    source : str
        The file of Flyte that has it, for warnings with the function in it; ``"Kubernetes"``, or ``"policy of this
        package"``.
    code : str
        With which gRPC status Admin refuses; empty for warnings.
    """

    id: str
    severity: str
    reason: str
    source: str
    code: str = ""


def _refused(id: str, source: str, reason: str, code: str = _INVALID) -> RegistrationRule:
    return RegistrationRule(id, REFUSED, reason, source, code)


def _warned(id: str, source: str, reason: str) -> RegistrationRule:
    return RegistrationRule(id, WARNING, reason, source)


_ASK_FLYTE: Final = "Registration fills it in: register with flytectl or pyflyte, or use semantics.hydrate()."

RULES: Final[Mapping[str, RegistrationRule]] = {
    rule.id: rule
    for rule in (
        # -- what Admin refuses, in its order
        _refused("missing-id", _IDENTIFIERS, f"A task is registered under an id. {_ASK_FLYTE}"),
        _refused("resource-type", _IDENTIFIERS, "The id of a task has the resource type TASK."),
        _refused("missing-project", _IDENTIFIERS, f"A task belongs to a project. {_ASK_FLYTE}"),
        _refused("missing-domain", _IDENTIFIERS, f"A task belongs to a domain. {_ASK_FLYTE}"),
        _refused("missing-name", _IDENTIFIERS, "A task is found by its name. Name it."),
        _refused("missing-version", _IDENTIFIERS, f"Each version of a task is registered on its own. {_ASK_FLYTE}"),
        _refused("missing-spec", _VALIDATION, "There is no task in the request. Put a template into its spec."),
        _refused("missing-type", _VALIDATION, "The type says which plugin runs the task. Set it, e.g. python-task."),
        _refused("missing-metadata", _VALIDATION, "Every task has metadata, if only empty ones."),
        _refused("missing-runtime-version", _VALIDATION, "Who names a runtime also says in which version it is."),
        _refused("missing-interface", _VALIDATION, "Every task has an interface, if only one without variables."),
        _refused("missing-image", _VALIDATION, "A container needs an image to be started from. Name one."),
        _refused("repeated-resource", _VALIDATION, "Each resource is named once in requests and once in limits."),
        _refused(
            "unreadable-quantity",
            _VALIDATION,
            "Amounts are written as Kubernetes writes them, without blanks: 500m, 2, 512Mi, 1.5Gi.",
        ),
        _refused("fractional-gpu", _VALIDATION, "GPUs are given out whole. Ask for a whole number of them."),
        _refused("request-over-limit", _VALIDATION, "Nothing can ask for more than it may use. Raise the limit."),
        _refused(
            "limit-over-platform-limit",
            _VALIDATION,
            "The platform grants no more than its own limit. Lower the limit, or ask the platform's administrators.",
        ),
        _refused(
            "request-over-platform-limit",
            _VALIDATION,
            "The platform grants no more than its own limit. Lower the request, or ask the platform's administrators.",
        ),
        _refused("unequal-gpus", _VALIDATION, "GPUs cannot be overcommitted. Make request and limit equal."),
        _refused("missing-pod-spec", _VALIDATION, "A pod task says what is in its pod. Give it a pod spec."),
        _refused(
            "unreadable-pod-spec",
            _VALIDATION,
            "The pod spec does not fit Kubernetes' own PodSpec. Give the field a value of the kind it expects.",
            _INTERNAL,
        ),
        _refused(
            "missing-command",
            _COMPILER,
            "A container with inputs or outputs has to be told where they are. Give it a command or arguments.",
        ),
        _refused(
            "unreadable-other-quantity",
            _COMPILER,
            "Even amounts that Flyte does not use have to be readable. Write them as Kubernetes does, or drop them.",
        ),
        _refused(
            "container-name",
            _COMPILER,
            "Kubernetes takes lowercase letters, digits and dashes for the name of a container, 63 of them at most.",
        ),
        _refused(
            "unhashable",
            _DIGESTS,
            "Admin keeps a digest of every task, and this one holds something that has no form in JSON.",
            _INTERNAL,
        ),
        # -- what Admin takes without a word, in the order of the template
        _warned(
            "unfilled-placeholder",
            f"{_HYDRATION}, hydrateSpec",
            "Only registration with flytectl or pyflyte replaces it; as it stands, the task looks for its code there.",
        ),
        _warned(
            "unopenable-id",
            f"{_IDENTIFIERS}, ValidateVersion",
            "Admin has a rule against it that it never applies, and the console and the REST API look for a task by an "
            "address with its name and version in it, so they cannot open it. Use letters, digits, - _ . and ~.",
        ),
        _warned("deprecated", _POLICY, "The author of the task wants it to be used no more."),
        _warned(
            "no-cache-version",
            f"{_CATALOG}, generateDataSetVersionFromTask",
            "Caching is on, and without a cache version every run of the task fails. Set cache_version.",
        ),
        _warned(
            "nothing-to-cache",
            f"{_CATALOG}, GenerateTaskOutputsFromArtifact",
            "Flyte never stores empty outputs, so the task runs each time although caching is on.",
        ),
        _warned(
            "cache-setting-unused",
            f"{_CACHING}, IsCacheable",
            "The setting has an effect only where caching is on. Turn caching on, or drop the setting.",
        ),
        _warned(
            "unknown-ignored-input",
            f"{_CATALOG}, GenerateArtifactTagName",
            "The cache is told to ignore an input that is not there, so perhaps the one that was meant still counts.",
        ),
        _warned(
            "untyped-variable",
            _POLICY,
            "Nothing can be bound to a variable without a type, so no workflow can use the task.",
        ),
        _warned(
            "no-target",
            f"{_PODS}, BuildRawPod",
            "Tasks of this type run in a container or a pod, and this one has neither, so every run fails.",
        ),
        _warned(
            "unwritten-placeholder",
            f"{_BIGQUERY}, createImpl",
            "BigQuery gets the statement as it stands and inputs as parameters beside it. Write @x for the input x.",
        ),
        _warned("unreadable-image", _KUBERNETES, "Kubernetes cannot pull an image by such a name (InvalidImageName)."),
        _warned(
            "floating-image",
            _POLICY,
            "Such a tag can name another image tomorrow, while the task's version stays. Name a tag or a digest.",
        ),
        _warned(
            "unbound-placeholder",
            f"{_TEMPLATES}, render; of SQLite and SQLAlchemy {_FLYTEKIT_SQL}, interpolate_query",
            "There is no input of that name, so the run fails, or the program gets the placeholder as it stands.",
        ),
        _warned(
            "unwritable-input",
            f"{_TEMPLATES}, serializeLiteral",
            "Only simple values, files, schemas and lists of them can be written into a text, so the run fails. Let the "
            "program read the input from its file, or give it an input of a simpler type.",
        ),
        _warned("repeated-env", _KUBERNETES, "Of a name that is set more than once the last value counts."),
        _warned(
            "plain-secret",
            _POLICY,
            "Everybody who can see the task can read it, and it stays in every version. Ask for it as a secret.",
        ),
        _warned(
            "ignored-resource", f"{_AMOUNTS}, ToK8sResourceList", "Flyte maps it to nothing, so it is not asked for."
        ),
        _warned("negative-amount", _KUBERNETES, "Kubernetes refuses negative amounts when the task is started."),
        _warned(
            "zero-amount",
            f"{_CONTAINERS}, AdjustOrDefaultResource",
            "Zero counts as absent: the limit, a pod template's amount or the platform's default is used.",
        ),
        _warned(
            "incomparable-amount",
            _KUBERNETES,
            "Beyond 2^63 - 1 the comparisons of Flyte Admin go wrong, so whether it fits is unknown. Ask for less.",
        ),
        _warned(
            "tiny-amount",
            _POLICY,
            "No container starts with less than a megabyte; m means thousandths, and no suffix means bytes.",
        ),
        _warned(
            "hidden-request-over-limit",
            f"{_VALIDATION}, validateResource",
            "Admin rounds both up to whole numbers and sees no difference; Flyte cuts the request down to the limit.",
        ),
        _warned(
            "hidden-over-platform-limit",
            f"{_CONTAINERS}, ensureResourceRange",
            "Admin does not look there, or rounds the difference away; Flyte cuts it down to the platform's limit.",
        ),
        _warned(
            "gpu-request-alone",
            _POLICY,
            "Kubernetes starts nothing whose GPU request and limit differ; it is left to the platform to add the limit.",
        ),
        # -- in the settings of a plugin
        _warned(
            "unreadable-plugin-settings",
            f"{_MARSHALLING}, UnmarshalStructToPb",
            "The plugin cannot read its settings, so every run of the task fails. Give it what it expects.",
        ),
        _warned(
            "unreadable-plugin-amount",
            f"{_AMOUNTS}, ToK8sResourceList",
            "The plugin cannot make a quantity of it, so every run fails. Write it as Kubernetes does: 500m, 2, 512Mi.",
        ),
        _warned(
            "unreadable-plugin-pod",
            f"{_MARSHALLING}, UnmarshalStructToObj",
            "The plugin cannot make Kubernetes' PodSpec of it, so every run fails. Give the field a value that fits.",
        ),
        _warned(
            "unreadable-spark-amount",
            f"{_PLUGINS}/spark/spark.go, getSparkConfig; ConfigBuilder.scala of Spark",
            "Spark refuses what it cannot read, so every run fails. It knows no fractions and none of Kubernetes' suffixes.",
        ),
        _warned(
            "contradictory-spark-setting",
            f"{_PLUGINS}/spark/spark.go, getSparkConfig; ExecutorAllocationManager.scala of Spark",
            "Spark refuses to start with the one above the other, so every run fails. Change one of them.",
        ),
        _warned(
            "lowered-plugin-request",
            f"{_CONTAINERS}, AdjustOrDefaultResource",
            "Admin does not look there, and the plugin cuts the request down to the limit without a word. Change one of them.",
        ),
        _warned(
            "refused-plugin-request",
            f"{_PLUGINS}/ray/ray.go, mergeCustomPodSpec; spark/spark.go, getSparkConfig; Kubernetes",
            "What stands there is laid over what Flyte has put right, and Kubernetes refuses such pods. Raise the limit.",
        ),
        _warned(
            "unequal-plugin-gpus",
            _KUBERNETES,
            "GPUs cannot be overcommitted: Kubernetes refuses pods whose GPU request and limit differ.",
        ),
        _warned("fractional-plugin-gpu", _KUBERNETES, "GPUs are given out whole: Kubernetes refuses such pods."),
        _warned(
            "ignored-plugin-amount",
            f"{_PLUGINS}/ray/ray.go, mergeCustomPodSpec; spark/spark.go, createSparkPodSpec; kfoperators, "
            "ToReplicaSpecWithOverrides",
            "The plugin does not look there, so nobody asks for it. Put it where the plugin looks.",
        ),
        _warned(
            "adjusted-plugin-replicas",
            f"{_PLUGINS}/ray/ray.go, constructRayJob",
            "The plugin moves the bounds to the number of replicas without a word. Change one of them.",
        ),
        _warned(
            "no-plugin-workers",
            f"{_PLUGINS}/kfoperators/mpi/mpi.go, BuildResource; tensorflow/tensorflow.go, BuildResource",
            "The plugin wants one worker at least, so every run fails. Say how many there are.",
        ),
        _warned(
            "accelerator-without-gpu",
            f"{_PODS}, ApplyGPUNodeSelectors",
            "The accelerator is ignored unless a container asks for a GPU. Ask for one, or drop the accelerator.",
        ),
        _warned(
            "primary-container",
            f"{_PODS}, BuildRawPod",
            f"Propeller looks it up in the task's config under {PRIMARY_CONTAINER_KEY!r}; without it every run fails.",
        ),
        # -- what Flyte adds to the pod
        _warned("repeated-mount", _KUBERNETES, "Kubernetes refuses a pod in which a container mounts a path twice."),
        _warned(
            "unfetchable-input",
            f"{_DOWNLOAD}, handleScalar",
            "The copilot fetches the inputs of this container into files and knows no datasets, so every run ends before "
            "it starts. Take a file or a directory.",
        ),
        _warned(
            "unstorable-output",
            f"{_UPLOAD}, RecursiveUpload",
            "The copilot makes the outputs of this container of files and knows simple types and files alone, so every "
            "run fails when it is done. Give a file, a directory or a value of a simple type.",
        ),
        _warned(
            "shared-memory",
            f"{_PODS}, ApplySharedMemory",
            "Flyte mounts the memory into the pod itself, and where it cannot, every run fails (BadTaskSpecification). "
            "Take the pod's own mount out, or ask for the memory under another name, at another path.",
        ),
        _warned(
            "refused-shared-memory",
            _KUBERNETES,
            "Kubernetes refuses such a volume, so no run starts. A name has lowercase letters, digits and dashes, 63 of "
            "them at most; a path has no colon; a size is not negative.",
        ),
    )
}
"""Every rule by its id: first what Admin refuses, in its order, then the warnings."""
