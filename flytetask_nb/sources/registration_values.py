"""What registration would fill in where a task, a workflow or a launch plan does not say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import LoadError, ModelTypeError
from flytetask_nb.models.origins import UNTOLD_BY_FLYTECTL, Origin, origin_of
from flytetask_nb.semantics.hydration import hydrated_launch_plan, hydrated_message, hydrated_workflow
from flytetask_nb.sources.message_kinds import LAUNCH_PLANS, WORKFLOWS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class RegistrationValues:
    """What registration would fill in, as ``load`` takes it.

    Raises ModelTypeError: one of them is no text.
    """

    project: str | None = None
    domain: str | None = None
    version: str | Callable[[str], str] | None = None
    source_uploaded_location: str | None = None
    destination_directory: str | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            is_version = name == "version"
            if not (value is None or isinstance(value, str) or (is_version and callable(value))):
                also = ", or a function from the source's path to one" if is_version else ""
                raise ModelTypeError(f"{name} is {value!r}, of type {type(value).__name__}; expected a text{also}")

    @property
    def are_given(self) -> bool:
        """Whether there may be anything to fill in."""
        return self._are_given(self.version)

    def _are_given(self, version: object) -> bool:
        given = self.project, self.domain, version, self.source_uploaded_location
        return any(value is not None for value in given)

    def version_of(self, name: str) -> str | None:
        """Return the version of what comes from a file of this name.

        Raises LoadError: the function that was given as version fails, or returns something else.
        """
        if not callable(self.version):
            return self.version
        try:
            version: object = self.version(name)
        except Exception as error:
            raise LoadError(f"the function given as version raised {type(error).__name__}: {error}") from error
        if version is not None and not isinstance(version, str):
            raise LoadError(
                f"the function given as version returned {version!r}, of type {type(version).__name__}; "
                "expected a text, or None to fill in nothing"
            )
        return version

    def filled(self, wanted: str, message: Any, version: str | None) -> Any | None:
        """Return a message as registration would send it, or None where there is nothing to fill in."""
        if not self._are_given(version):
            return None
        names = {"project": self.project, "domain": self.domain, "version": version}
        if wanted == WORKFLOWS:
            return hydrated_workflow(message, **names)
        if wanted == LAUNCH_PLANS:
            return hydrated_launch_plan(message, **names)
        return hydrated_message(
            message,
            project=self.project,
            domain=self.domain,
            version=version,
            source_uploaded_location=self.source_uploaded_location,
            destination_directory=self.destination_directory or "",
        )

    def origin(self, task: Any, origin: Origin | str) -> Origin | str:
        """Return what is known of a task beside its message once it was filled in."""
        if self.source_uploaded_location is None or not task.template.HasField("k8s_pod"):
            return origin
        whole = origin_of(origin)
        return whole.but(untold=whole.untold | UNTOLD_BY_FLYTECTL)
