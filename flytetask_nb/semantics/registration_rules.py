"""The rules of registration as data: what Flyte Admin refuses, and what it takes though it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.semantics.findings import REFUSED, WARNING
from flytetask_nb.semantics.task_container import PRIMARY_CONTAINER_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

_VALIDATION: Final = "flyteadmin/pkg/manager/impl/validation/task_validator.go"
_IDENTIFIERS: Final = "flyteadmin/pkg/manager/impl/validation/validation.go"
_COMPILER: Final = "flytepropeller/pkg/compiler/task_compiler.go"
_TASKS: Final = "flyteadmin/pkg/manager/impl/task_manager.go"
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

    ``id``: its name.
    ``severity``: ``"refused"`` or ``"warning"``.
    ``reason``: why it matters and what to do, in a sentence or two.
    ``source``: the file of Flyte that has it, for warnings with the function in it; ``"Kubernetes"``, or ``"policy of
      this package"``.
    ``code``: with which gRPC status Admin refuses; empty for warnings.
    """

    id: str
    severity: str
    reason: str
    source: str
    code: str = ""


_ASK_FLYTE: Final = "Registration fills it in: register with flytectl or pyflyte, or use semantics.hydrate()."

# By id the source and the reason of what Admin refuses, in its order.
_REFUSALS: Final[Mapping[str, tuple[str, str]]] = {
    "missing-id": (_IDENTIFIERS, f"A task is registered under an id. {_ASK_FLYTE}"),
    "resource-type": (_IDENTIFIERS, "The resource type of a task's id must be TASK."),
    "missing-project": (_IDENTIFIERS, f"A task belongs to a project. {_ASK_FLYTE}"),
    "missing-domain": (_IDENTIFIERS, f"A task belongs to a domain. {_ASK_FLYTE}"),
    "missing-name": (_IDENTIFIERS, "A task is found by its name. Name it."),
    "missing-version": (_IDENTIFIERS, f"Each version of a task is registered on its own. {_ASK_FLYTE}"),
    "missing-spec": (_VALIDATION, "There is no task in the request. Put a template into its spec."),
    "missing-type": (_VALIDATION, "The type says which plugin runs the task. Set it, e.g. python-task."),
    "missing-metadata": (_VALIDATION, "Every task needs metadata, even if it is empty."),
    "missing-runtime-version": (_VALIDATION, "A task that names its runtime must also name the runtime's version."),
    "missing-interface": (_VALIDATION, "Every task needs an interface, even one without inputs and outputs."),
    "missing-image": (_VALIDATION, "A container needs an image. Name one."),
    "repeated-resource": (_VALIDATION, "Name each resource once in requests and once in limits."),
    "unreadable-quantity": (
        _VALIDATION,
        "Amounts are written as Kubernetes writes them, without blanks: 500m, 2, 512Mi, 1.5Gi.",
    ),
    "fractional-gpu": (_VALIDATION, "GPUs cannot be shared by fractions. Ask for a whole number of them."),
    "request-over-limit": (_VALIDATION, "A request cannot be above its limit. Raise the limit, or lower the request."),
    "limit-over-platform-limit": (
        _VALIDATION,
        "The platform grants no more than its own limit. Lower the limit, or ask the platform's administrators.",
    ),
    "request-over-platform-limit": (
        _VALIDATION,
        "The platform grants no more than its own limit. Lower the request, or ask the platform's administrators.",
    ),
    "unequal-gpus": (_VALIDATION, "GPUs cannot be overcommitted. Make request and limit equal."),
    "missing-pod-spec": (_VALIDATION, "A pod task needs a pod spec. Give it one."),
    "unreadable-pod-spec": (
        _VALIDATION,
        "The pod spec does not fit Kubernetes' own PodSpec. Give the field a value of the kind it expects.",
    ),
    "missing-command": (
        _COMPILER,
        "A container with inputs or outputs needs a command or arguments that tell it where they are. Give it one.",
    ),
    "unreadable-other-quantity": (
        _COMPILER,
        "Even amounts that Flyte does not use must be readable. Write them as Kubernetes does, or remove them.",
    ),
    "container-name": (
        _COMPILER,
        "Kubernetes takes lowercase letters, digits and dashes for the name of a container, 63 of them at most.",
    ),
    "unhashable": (
        _DIGESTS,
        "Flyte Admin stores a hash of every task as JSON, and this task holds something that JSON cannot express.",
    ),
    "repeated-id": (
        _TASKS,
        "The same id stands before it with another structure, and Flyte Admin keeps the first. Give it another version.",
    ),
}
# Which of them it answers with INTERNAL rather than INVALID_ARGUMENT.
_INTERNAL: Final = frozenset({"unreadable-pod-spec", "unhashable"})

# Likewise of what it takes without a word, in the order of the template.
_WARNINGS: Final[Mapping[str, tuple[str, str]]] = {
    "unfilled-placeholder": (
        f"{_HYDRATION}, hydrateSpec",
        "flytectl and pyflyte fill it in when they register the task. Registered in any other way, no run finds its code.",
    ),
    "unopenable-id": (
        f"{_IDENTIFIERS}, ValidateVersion",
        (
            "Flyte Admin registers it, but the console and the REST API cannot open it, for its name and version are part of "
            "the address. Use letters, digits, - _ . and ~."
        ),
    ),
    "deprecated": (_POLICY, "The author asks users to stop using it."),
    "no-cache-version": (
        f"{_CATALOG}, generateDataSetVersionFromTask",
        "Caching is on, and without a cache version every run of the task fails. Set cache_version.",
    ),
    "nothing-to-cache": (
        f"{_CATALOG}, GenerateTaskOutputsFromArtifact",
        "Flyte never stores empty outputs, so the task runs each time although caching is on.",
    ),
    "cache-setting-unused": (
        f"{_CACHING}, IsCacheable",
        "The setting has an effect only where caching is on. Turn caching on, or remove the setting.",
    ),
    "unknown-ignored-input": (
        f"{_CATALOG}, GenerateArtifactTagName",
        "The cache is told to ignore an input that does not exist, so the input that was meant may still count.",
    ),
    "untyped-variable": (
        _POLICY,
        "Nothing can be passed to a variable without a type, so no workflow can use the task.",
    ),
    "no-target": (
        f"{_PODS}, BuildRawPod",
        "Tasks of this type run in a container or a pod, and this one has neither, so every run fails.",
    ),
    "unwritten-placeholder": (
        f"{_BIGQUERY}, createImpl",
        "BigQuery gets the statement as it is, and the inputs as query parameters. Write @x for the input x.",
    ),
    "unreadable-image": (_KUBERNETES, "Kubernetes cannot pull an image by such a name (InvalidImageName)."),
    "floating-image": (
        _POLICY,
        "Tomorrow the tag may point to another image while the task's version stays. Use a fixed tag or a digest.",
    ),
    "unbound-placeholder": (
        f"{_TEMPLATES}, render; of SQLite and SQLAlchemy {_FLYTEKIT_SQL}, interpolate_query",
        "There is no input of that name, so the run fails, or the program gets the placeholder as it is.",
    ),
    "unwritable-input": (
        f"{_TEMPLATES}, serializeLiteral",
        (
            "Only simple values, files, schemas and lists of them can be written into a command, so the run fails. Let the "
            "program read the input from its file, or give it an input of a simpler type."
        ),
    ),
    "repeated-env": (_KUBERNETES, "Where a variable is set more than once, the last value counts."),
    "plain-secret": (
        _POLICY,
        "Everyone who can see the task can read it, in every version. Request it as a secret instead.",
    ),
    "ignored-resource": (
        f"{_AMOUNTS}, ToK8sResourceList",
        "Flyte ignores this resource, so the container does not get it.",
    ),
    "negative-amount": (_KUBERNETES, "Kubernetes refuses negative amounts when the task is started."),
    "zero-amount": (
        f"{_CONTAINERS}, AdjustOrDefaultResource",
        "Zero counts as not set: the limit, a pod template's amount or the platform's default applies.",
    ),
    "incomparable-amount": (
        _KUBERNETES,
        "Flyte Admin compares amounts above 2^63 - 1 wrongly, so whether it fits is unknown. Ask for less.",
    ),
    "tiny-amount": (
        _POLICY,
        "No container starts with less than a megabyte; m means thousandths, and no suffix means bytes.",
    ),
    "hidden-request-over-limit": (
        f"{_VALIDATION}, validateResource",
        "Flyte Admin rounds both up to whole numbers and sees no difference; Flyte lowers the request to the limit.",
    ),
    "hidden-over-platform-limit": (
        f"{_CONTAINERS}, ensureResourceRange",
        "Flyte Admin does not check it, or rounds the difference away; Flyte lowers it to the platform's limit.",
    ),
    "gpu-request-alone": (
        f"{_CONTAINERS}, AdjustOrDefaultResource",
        "Flyte makes the request the limit too, unless a pod template has another one. Set both to the same number.",
    ),
    "missing-gpu-limit": (
        _KUBERNETES,
        (
            "Kubernetes starts no container with GPUs and no limit of them, and Flyte adds the limit to the container that "
            "runs the task alone, for the platform's kind of GPU (nvidia.com/gpu by default). Set it to the request."
        ),
    ),
    # -- in the settings of a plugin
    "unreadable-plugin-settings": (
        f"{_MARSHALLING}, UnmarshalStructToPb",
        "The plugin cannot read its settings, so every run of the task fails. Give it what it expects.",
    ),
    "unreadable-plugin-amount": (
        f"{_AMOUNTS}, ToK8sResourceList",
        "The plugin cannot read it as a quantity, so every run fails. Write it as Kubernetes does: 500m, 2, 512Mi.",
    ),
    "unreadable-plugin-pod": (
        f"{_MARSHALLING}, UnmarshalStructToObj",
        "The plugin cannot read it as a Kubernetes PodSpec, so every run fails. Give the field a value that fits.",
    ),
    "unreadable-spark-amount": (
        f"{_PLUGINS}/spark/spark.go, getSparkConfig; ConfigBuilder.scala of Spark",
        "Spark cannot read it, so every run fails. Spark takes no fractions and no suffixes of Kubernetes such as Mi.",
    ),
    "contradictory-spark-setting": (
        f"{_PLUGINS}/spark/spark.go, getSparkConfig; ExecutorAllocationManager.scala of Spark",
        "Spark refuses to start with these two, so every run fails. Change one of them.",
    ),
    "lowered-plugin-request": (
        f"{_CONTAINERS}, AdjustOrDefaultResource",
        "Flyte Admin does not check it, and the plugin silently lowers the request to the limit. Change one of them.",
    ),
    "refused-plugin-request": (
        f"{_PLUGINS}/ray/ray.go, mergeCustomPodSpec; spark/spark.go, getSparkConfig; Kubernetes",
        "It overrides what Flyte has corrected, and Kubernetes refuses pods with a request above the limit. Raise the limit.",
    ),
    "unequal-plugin-gpus": (
        _KUBERNETES,
        "GPUs cannot be overcommitted: Kubernetes refuses pods whose GPU request and limit differ.",
    ),
    "fractional-plugin-gpu": (_KUBERNETES, "GPUs cannot be shared by fractions: Kubernetes refuses such pods."),
    "ignored-plugin-amount": (
        (
            f"{_PLUGINS}/ray/ray.go, mergeCustomPodSpec; spark/spark.go, createSparkPodSpec; kfoperators, "
            "ToReplicaSpecWithOverrides"
        ),
        "The plugin ignores it. Put it where the plugin looks.",
    ),
    "adjusted-plugin-replicas": (
        f"{_PLUGINS}/ray/ray.go, constructRayJob",
        "The plugin silently moves the bounds to the number of replicas. Change one of them.",
    ),
    "no-plugin-workers": (
        f"{_PLUGINS}/kfoperators/mpi/mpi.go, BuildResource; tensorflow/tensorflow.go, BuildResource",
        "The plugin needs at least one worker, so every run fails. Set the number of workers.",
    ),
    "accelerator-without-gpu": (
        f"{_PODS}, ApplyGPUNodeSelectors",
        "The accelerator is ignored unless a container asks for a GPU. Ask for one, or remove the accelerator.",
    ),
    "primary-container": (
        f"{_PODS}, BuildRawPod",
        f"Flyte looks it up in the task's config under {PRIMARY_CONTAINER_KEY!r}; without it every run fails.",
    ),
    # -- what Flyte adds to the pod
    "repeated-mount": (_KUBERNETES, "Kubernetes refuses a pod in which a container mounts a path twice."),
    "unfetchable-input": (
        f"{_DOWNLOAD}, handleScalar",
        (
            "Flyte's copilot downloads the inputs of this container as files and cannot download datasets, so every run "
            "fails before it starts. Use a file or a directory."
        ),
    ),
    "unstorable-output": (
        f"{_UPLOAD}, RecursiveUpload",
        (
            "Flyte's copilot uploads the outputs of this container from files and knows only files and simple types, so "
            "every run fails at its end. Use a file, a directory or a simple type."
        ),
    ),
    "shared-memory": (
        f"{_PODS}, ApplySharedMemory",
        (
            "Flyte mounts the shared memory into the pod itself, and where it cannot, every run fails "
            "(BadTaskSpecification). Remove the pod's own mount, or give the memory another name or path."
        ),
    ),
    "refused-shared-memory": (
        _KUBERNETES,
        (
            "Kubernetes refuses such a volume, so no run starts. A name has lowercase letters, digits and dashes, 63 of "
            "them at most; a path has no colon; a size is not negative."
        ),
    ),
}

RULES: Final[Mapping[str, RegistrationRule]] = {
    id: RegistrationRule(id, REFUSED, reason, source, "INTERNAL" if id in _INTERNAL else "INVALID_ARGUMENT")
    for id, (source, reason) in _REFUSALS.items()
} | {id: RegistrationRule(id, WARNING, reason, source) for id, (source, reason) in _WARNINGS.items()}
"""Every rule by its id: first what Admin refuses, in its order, then the warnings."""
