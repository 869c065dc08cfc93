"""Who a task runs as, and which secrets it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import security_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.fields import Enumeration, Field, OptionalSub, OptionalText, Sub, SubList

if TYPE_CHECKING:
    from flytetask_nb.models.declarations import Enum, Maybe, MaybeText, Message, Messages, Text


class MountType(OpenEnum):
    """How a secret reaches the container."""

    ANY = 0
    ENV_VAR = 1
    FILE = 2


class TokenRequestType(OpenEnum):
    """How a token is asked for."""

    CLIENT_CREDENTIALS = 0


class Secret(Model, message=security_pb2.Secret):
    """A secret that a task asks for, by name; its value is never part of a task.

    Parameters
    ----------
    group, key, group_version : str, optional
        Where the secret is kept. In Kubernetes the group is the name of the Secret object.
    mount_requirement : Secret.MountType
        How it reaches the container: as environment variable, as file, or as the platform likes.
    env_var : str, optional
        Name of the environment variable that holds the value, or the path of the file.
    """

    __slots__ = ()
    group: Text = Field(default=None)
    key: MaybeText = OptionalText(default=None)
    group_version: MaybeText = OptionalText(default=None)
    mount_requirement: Enum[MountType] = Enumeration(MountType, default=MountType.ANY)
    env_var: MaybeText = OptionalText(default=None)
    MountType = MountType


class OAuth2Client(Model, message=security_pb2.OAuth2Client):
    """An OAuth2 client; its secret is named, not given."""

    __slots__ = ()
    client_id: Text = Field()
    client_secret: Message[Secret] = Sub(Secret)


class Identity(Model, message=security_pb2.Identity):
    """Who a task runs as: an IAM role, a Kubernetes service account, or an OAuth2 client."""

    __slots__ = ()
    iam_role: MaybeText = OptionalText(default=None)
    k8s_service_account: MaybeText = OptionalText(default=None)
    oauth2_client: Maybe[OAuth2Client] = OptionalSub(OAuth2Client, default=None)
    execution_identity: MaybeText = OptionalText(default=None)


class OAuth2TokenRequest(Model, message=security_pb2.OAuth2TokenRequest):
    """A token that the task is given when it runs."""

    __slots__ = ()
    name: Text = Field()
    client: Maybe[OAuth2Client] = OptionalSub(OAuth2Client)
    idp_discovery_endpoint: Text = Field(default=None)
    token_endpoint: Text = Field(default=None)
    type_: Enum[TokenRequestType] = Enumeration(
        TokenRequestType, default=TokenRequestType.CLIENT_CREDENTIALS, proto="type"
    )
    Type = TokenRequestType


class SecurityContext(Model, message=security_pb2.SecurityContext):
    """Who a task runs as, and the secrets and tokens that it asks for.

    Parameters
    ----------
    run_as : Identity, optional
        None: as the platform's default.
    secrets : list of Secret, optional
        Reads as an empty list where there are none.
    tokens : list of OAuth2TokenRequest, optional
        Likewise.
    """

    __slots__ = ()
    run_as: Maybe[Identity] = OptionalSub(Identity, default=None)
    secrets: Messages[Secret] = SubList(Secret, default=None)
    tokens: Messages[OAuth2TokenRequest] = SubList(OAuth2TokenRequest, default=None)
