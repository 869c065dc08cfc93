"""The messages of Flyte 2 that hold a task, as far as flyteidl does not have them already.

Flyte 2's ``flyteidl2.core.TaskTemplate`` is flyteidl's with more fields, and with variables in a list instead of a map,
which is the same on the wire. So its messages are flyteidl's own with what is added to them here: facts of
flyteidl2/core/tasks.proto with what it imports, and of flyteidl2/task/task_definition.proto, in the package
``flyteidl2`` 2.0.53, which this package does not need. Left out are a deployer's roles and policies, which say nothing
of a task.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FLYTE2: Final = 20_002
"""Number of the fields that are this package's own: far above those that Flyte uses."""

_ADDED: Final = {
    "TaskTemplate": "19 ReusePolicy reuse_policy, 20 WorkerKind worker_kind",
    "TaskMetadata": (
        "17 bool debuggable, 18 *TaskLog log_links, 19 RunIdentifier image_build_run, 20 bool is_entrypoint, "
        "21 string code_bundle_uri, 22 TimeoutStrategy timeouts, 23 bool produces_artifacts, 24 Duration cache_max_age"
    ),
    "RetryStrategy": "6 Backoff backoff",
    "TaskLog": "7 LinkType link_type, 8 bool ready, 9 string icon_uri",
    "TimePartition": "3 string key",
    "DataLoadingConfig": "6 FileInputLayout file_input_layout",
    "GPUAccelerator": "4 DeviceClass device_class, 5 AcceleratorModel accelerator_model",
    "Literal": "9 ArtifactVersionId artifact_id",
}
"""Fields that messages of flyteidl.core gained: number, type and name; ``*`` repeated, ``?`` present or not."""

_INSTEAD: Final = {"VariableMap": "1 *VariableEntry variables"}
"""Messages of flyteidl.core that are written differently."""

_NEW: Final = {
    # Not Flyte's: what a source says in JSON that no message has a field for.
    "TaskDetails": f"1 TaskIdentifier task_id, 2 Deployment metadata, 3 TaskSpec spec, {FLYTE2} string unread",
    "TaskIdentifier": "1 string org, 2 string project, 3 string domain, 4 string name, 5 string version",
    # TaskMetadata of flyteidl2.task; that of flyteidl2.core is another.
    "Deployment": (
        "1 EnrichedIdentity deployed_by, 2 string short_name, 3 Timestamp deployed_at, 4 string environment_name, "
        "5 TaskTriggersSummary triggers_summary, 6 string short_description"
    ),
    "EnrichedIdentity": "1 User user, 2 Application application",
    "User": "1 UserIdentifier id, 2 UserSpec spec",
    "UserIdentifier": "1 string subject",
    "UserSpec": (
        "1 string first_name, 2 string last_name, 3 string email, 4 string organization, 5 string user_handle, "
        "6 *string groups, 7 string photo_url"
    ),
    "Application": "1 ApplicationIdentifier id, 2 AppSpec spec",
    "ApplicationIdentifier": "1 string subject",
    "AppSpec": "1 string name, 2 string organization",
    "TaskTriggersSummary": "2 TriggerStats stats, 3 TriggerDetails details",
    "TriggerStats": "1 uint32 total, 2 uint32 active",
    "TriggerDetails": "1 string name, 2 bool active, 3 TriggerAutomationSpec automation_spec",
    "TriggerAutomationSpec": "1 TriggerAutomationSpecType type, 2 Schedule schedule, 3 ArtifactTrigger artifact",
    "Schedule": "1 FixedRate rate, 2 ?string cron_expression, 3 string kickoff_time_input_arg, 4 Cron cron",
    "FixedRate": "1 uint32 value, 2 FixedRateUnit unit, 3 Timestamp start_time",
    "Cron": "1 string expression, 2 string timezone",
    "ArtifactTrigger": (
        "1 string artifact_name, 2 string version, 3 string input_arg, 4 *Texts partitions, "
        "5 *Texts partition_input_args"
    ),
    "TaskSpec": (
        "1 TaskTemplate task_template, 2 *NamedParameter default_inputs, 3 string short_name, "
        "4 Environment environment, 5 DocumentationEntity documentation"
    ),
    "NamedParameter": "1 string name, 2 Parameter parameter",
    "Environment": "1 string name, 2 string description",
    "DocumentationEntity": "1 string short_description, 2 string long_description, 3 SourceCode source_code",
    "SourceCode": "1 string link",
    "VariableEntry": "1 string key, 2 Variable value",
    "ReusePolicy": (
        "1 int32 min_replicas, 2 int32 max_replicas, 3 int32 concurrency, 4 Duration idle_ttl, "
        "5 Duration scaledown_ttl, 6 Scope scope, 7 string name, 8 string version"
    ),
    "Backoff": "1 Duration base, 2 ?double factor, 3 Duration cap",
    "TimeoutStrategy": "1 Duration queued_timeout, 2 Duration deadline",
    "RunIdentifier": "1 string org, 2 string project, 3 string domain, 4 string name",
    "ArtifactVersionId": "1 ArtifactKey key, 2 string version",
    # Not Flyte's either: how a TaskSpec of flyteidl keeps what it has no field for.
    "Marked": f"{FLYTE2} Beside flyte2",
    "Beside": "1 TaskDetails details, 2 *string inputs, 3 *string outputs",
}

# A number is that of the value behind it; the others follow by one.
_ENUMS: Final = {
    "Granularity": "UNSET MINUTE HOUR DAY MONTH WEEK",
    "LinkType": "EXTERNAL DASHBOARD IDE",
    "FileInputLayout": "DIRECT NAMED_DIR",
    "DeviceClass": "NVIDIA_GPU GOOGLE_TPU AMAZON_NEURON AMD_GPU HABANA_GAUDI APPLE_SILICON",
    "AcceleratorModel": (
        "ACCELERATOR_MODEL_UNSPECIFIED NVIDIA_K80 NVIDIA_M60 NVIDIA_P4 NVIDIA_P100 NVIDIA_V100 NVIDIA_T4 NVIDIA_A10 "
        "NVIDIA_A10G NVIDIA_A100 NVIDIA_A100_80GB NVIDIA_L4 NVIDIA_L40S NVIDIA_H100 NVIDIA_H100_MEGA_80GB NVIDIA_H200 "
        "NVIDIA_B200 NVIDIA_GB200 NVIDIA_GB10 NVIDIA_RTX_PRO_6000 NVIDIA_RTX_PRO_4500 "
        "100 GOOGLE_TPU_V5E GOOGLE_TPU_V5P GOOGLE_TPU_V6E "
        "200 AMAZON_INF1 AMAZON_INF2 AMAZON_TRN1 AMAZON_TRN1N AMAZON_TRN2 AMAZON_TRN2U "
        "300 AMD_MI100 AMD_MI210 AMD_MI250 AMD_MI250X AMD_MI300A AMD_MI300X AMD_MI325X AMD_MI350X AMD_MI355X "
        "400 HABANA_GAUDI1 500 APPLE_SILICON_GPU"
    ),
    "Scope": "GLOBAL RUN",
    "WorkerKind": "WORKER_KIND_UNSPECIFIED WORKER_KIND_SANDBOX WORKER_KIND_MICROVM WORKER_KIND_REUSABLE",
    "TriggerAutomationSpecType": "TYPE_UNSPECIFIED TYPE_NONE TYPE_SCHEDULE TYPE_ARTIFACT",
    "FixedRateUnit": ("FIXED_RATE_UNIT_UNSPECIFIED FIXED_RATE_UNIT_MINUTE FIXED_RATE_UNIT_HOUR FIXED_RATE_UNIT_DAY"),
}

GAINED: Final = {name: frozenset(entry.split()[-1] for entry in fields.split(", ")) for name, fields in _ADDED.items()}
"""The fields that messages of flyteidl.core gained, by name of the message."""

_PACKAGE: Final = "flytetask_nb.flyte2"
_Field: Final = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    name: getattr(_Field, f"TYPE_{name.upper()}") for name in ("bool", "double", "int32", "string", "uint32")
}
_KNOWN: Final = {"Duration": "duration", "Timestamp": "timestamp", "Struct": "struct", "BoolValue": "wrappers"}


def message_class(name: str) -> Any:
    """Return the class of a message of Flyte 2, e.g. ``"TaskDetails"``, or of one of flyteidl.core as Flyte 2 has it."""
    return message_factory.GetMessageClass(_file().message_types_by_name[name])


_CORE: Final = ("artifact_id", "execution", "identifier", "interface", "literals", "security", "tasks", "types")


@cache
def _file() -> Any:
    made = descriptor_pb2.FileDescriptorProto(name="flytetask_nb/flyte2.proto", package=_PACKAGE, syntax="proto3")
    made.dependency.extend(f"google/protobuf/{file}.proto" for file in sorted(set(_KNOWN.values())))
    for name in _CORE:
        module = import_module(f"flyteidl.core.{name}_pb2")
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        made.message_type.extend(message for message in file.message_type if message.name not in _INSTEAD)
        made.enum_type.extend(enum for enum in file.enum_type if enum.name not in _ENUMS)
    for message in made.message_type:
        _move(message)
    messages = {message.name: message for message in made.message_type}
    for name, fields in {**_ADDED, **_INSTEAD, **_NEW}.items():
        message = messages.get(name) or made.message_type.add(name=name)
        for entry in fields.split(", "):
            _add_field(message, *entry.split())
    for name, words in _ENUMS.items():
        _add_enum(made.enum_type.add(name=name), words)
    return descriptor_pool.Default().AddSerializedFile(made.SerializeToString())


def _move(message: Any) -> None:
    """Let a message of flyteidl.core refer to the messages beside it."""
    for field in message.field:
        if field.type_name:
            field.type_name = field.type_name.replace(".flyteidl.core.", f".{_PACKAGE}.")
    for inner in message.nested_type:
        _move(inner)


def _add_field(message: Any, number: str, kind: str, name: str) -> None:
    field = message.field.add(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
    if kind.startswith("?"):
        field.oneof_index, field.proto3_optional = len(message.oneof_decl), True
        message.oneof_decl.add(name=f"_{name}")
    elif kind.startswith("*"):
        field.label = _Field.LABEL_REPEATED
    kind = kind.lstrip("?*")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    elif kind == "Texts":
        entry = f"{name.title().replace('_', '')}Entry"
        nested = message.nested_type.add(name=entry)
        nested.options.map_entry = True
        _add_field(nested, "1", "string", "key")
        _add_field(nested, "2", "string", "value")
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{message.name}.{entry}"
    else:
        field.type = _Field.TYPE_ENUM if kind in _ENUMS else _Field.TYPE_MESSAGE
        field.type_name = f".google.protobuf.{kind}" if kind in _KNOWN else f".{_PACKAGE}.{kind}"


def _add_enum(enum: Any, words: str) -> None:
    number = 0
    for word in words.split():
        if word.isdigit():
            number = int(word)
        else:
            enum.value.add(name=word, number=number)
            number += 1
