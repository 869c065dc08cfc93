"""What a launch plan takes and gives, which is filled in when it is registered.

The rules are those of flyteadmin/pkg/manager/impl/validation/launch_plan_validator.go.
"""

from __future__ import annotations

from typing import Any, Final

from flyteidl.admin import launch_plan_pb2
from flyteidl.core import interface_pb2

from flytetask_nb.models.messages import message_of
from flytetask_nb.semantics.graphs import id_key
from flytetask_nb.semantics.workflow_templates import workflow_source

_INTERFACE: Final = ("expected_inputs", "expected_outputs")


def registered_launch_plan(launch_plan: object, workflow: object) -> Any:
    """Return a launch plan as it is after registration: saying what it takes and gives.

    Parameters
    ----------
    launch_plan
        A ``flyteidl.admin.LaunchPlan`` message, or flytekit's model of one, e.g. out of an archive.
    workflow
        The workflow that it starts: see :func:`flytetask_nb.semantics.compile_problems`.

    Returns
    -------
    flyteidl.admin.launch_plan_pb2.LaunchPlan
        A copy. Its expected inputs are those of the workflow that it does not fix, with its own defaults; its
        expected outputs are the workflow's. Its id is left as it is, and nothing is checked.

    Raises
    ------
    ModelTypeError
        One of them is something else.
    ModelValueError
        The workflow nests deeper than protobuf can read, 100 messages.
    """
    registered = launch_plan_pb2.LaunchPlan()
    registered.CopyFrom(message_of(launch_plan, launch_plan_pb2.LaunchPlan))
    spec, closure = registered.spec, registered.closure
    template = workflow_source(workflow).template
    for name in _INTERFACE:
        closure.ClearField(name)
        getattr(closure, name).SetInParent()
    if template is None:
        return registered
    for name, variable in template.interface.inputs.variables.items():
        if name in spec.default_inputs.parameters:
            closure.expected_inputs.parameters[name].CopyFrom(spec.default_inputs.parameters[name])
        elif name not in spec.fixed_inputs.literals:
            required = interface_pb2.Parameter(required=True)
            required.var.CopyFrom(variable)
            closure.expected_inputs.parameters[name].CopyFrom(required)
    closure.expected_outputs.CopyFrom(template.interface.outputs)
    return registered


def known_closure(launch_plan: object) -> tuple[bytes | None, Any]:
    """Return what a launch plan is found by, and what says what it takes and gives: None where nothing does.

    ``launch_plan``: a ``flyteidl.admin.LaunchPlan`` message, or flytekit's model of one.
    Raises ModelTypeError: it is something else.
    """
    message = message_of(launch_plan, launch_plan_pb2.LaunchPlan)
    key = id_key(message.id) if message.HasField("id") else None
    closure = message.closure
    # One out of an archive carries an interface without variables, whatever its workflow's is.
    is_filled = message.id.project or closure.expected_inputs.parameters or closure.expected_outputs.variables
    return key, closure if is_filled and message.HasField("closure") else None
