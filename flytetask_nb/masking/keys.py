"""Which keys name a secret: by their words, and by where in the key each stands.

``DB_PASSWORD`` and ``apiToken`` hold one; ``TOKENIZERS_PARALLELISM`` speaks of something else, ``TOKEN_FILE`` says where
it is, ``MIN_PASSWORD`` what it has to be, ``USE_AUTH`` whether there is any, and ``PAD_TOKEN`` is a word of a model's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

PASSWORDS = frozenset({"pass", "passphrase", "passwd", "password", "passcode", "pwd", "pw"})
"""Words for what somebody types."""

# A secret wherever in the key they stand.
_STRONG = frozenset(
    "authorization credential credentials keypass masterauth passcode passphrase passwd password passwords passwort "
    "kennwort senha contrasena psk pw pwd requirepass rootpw secret secrets storepass jaas authkey jsessionid phpsessid "
    "mnemonic".split()
)
# A secret at the key's end, before what qualifies it (AUTH, not AUTH_SERVER), unless some other word stands before.
_HEADS: dict[str, frozenset[str]] = {
    **dict.fromkeys("auth bearer cookie cookies dsn jwt otp pepper salt sas webhook".split(), frozenset()),
    "pass": frozenset(
        "band backward boarding each first forward high low multi n num one per second single two".split()
    ),
    "pat": frozenset("file glob name path regex match".split()),
    "pin": frozenset("clk clock cpu data gpio led".split()),
}
# Beside these, token is a word of a text, or the place where a listing goes on.
_OTHER_TOKENS = frozenset(
    "audio bos class cls continuation cost count cursor decoder delimiter delim dummy end eos eot first image img last "
    "mask max min n new newline next null num number pad page pagination per price prompt reserved resume sep separator "
    "special start stop sync text unk unknown video vision vocab word".split()
)
_PAIRS = frozenset(
    (first, second)
    for seconds, firsts in {
        "key keys": "access account admin aes anthropic api app application auth azure cipher client consumer cookie "
        "crypto datadog deploy des dkim encryption encrypt enc fernet function functions hmac ingest ingestion "
        "instrumentation jwe jwk jwt license master openai preshared private rsa sa secret sendgrid service session "
        "shared sharedaccess signature signing ssh ssl sso storage stripe subscription tls wandb write",
        "token tokens": "access api auth bearer refresh session",
        "signature": "access",
        "string str": "connection conn",
        "url urls uri": "webhook sas",
        "pem": "private",
        "phrase": "seed pass recovery",
        "word": "pass",
        "code": "access pin otp recovery mfa",
        "number": "pin",
        "seed": "otp totp",
        "passe": "de",
    }.items()
    for second in seconds.split()
    for first in firsts.split()
)
# Services that call their secret a key, at the end of a name.
_SERVICES = frozenset(
    "airtable algolia amplitude asana assemblyai aws braintree braze cloudflare cohere comet databricks dbt deepgram "
    "deepseek digitalocean elastic elevenlabs fastly figma firebase fireworks gemini gcp google groq heroku hf honeycomb "
    "huggingface kaggle langchain langfuse langsmith linear linode litellm mailchimp mailgun mapbox maps mistral mixpanel "
    "neptune netlify newrelic notion openrouter pagerduty paypal perplexity pinecone posthog qdrant replicate resend "
    "roboflow segment sentry serpapi serper shopify slack snowflake square supabase tavily together twilio vercel "
    "weaviate xai".split()
)
# Unmistakable inside a word that was written together (DBPASSWORD, mysecretvalue).
_PARTS = (
    *("password", "passwd", "passphrase", "secret", "credential"),
    *("apikey", "accesskey", "authkey", "privatekey", "secretkey", "masterkey", "signingkey", "encryptionkey"),
    *("connectionstring", "motdepasse"),
)
_NO_PARTS = re.compile("passwordless|secretar|secretion|secretless|credentialing")
_TOKEN = "token"  # noqa: S105 - the word
# userpass, but not bypass and compass.
_PASS_ENDING = re.compile(
    "(?:admin|app|auth|basic|db|es|ftp|https?|imap|key|ldap|login|mail|master|my|mysql|pg|pop3?|proxy|redis|rabbit|require|"
    "root|sa|smtp|ssh|store|sudo|svc|trust|user|vpn|wifi)pass"
)
# TOKEN_FILE, secretName, secretKeyRef, pin_memory: they say where a secret is or how it is used, or speak of something
# else; they do not hold it.
_REFERENCES = frozenset(
    "age algorithm algorithms allowed args arn attempts attribute audience backend backends banner body bucket budget "
    "bytes cache callback changed check claim class classes classifier column columns complexity config consent cost "
    "count counter created criteria days db digits dim dimension dir directory disabled domain domains "
    "dropout duration embedding embeddings empty enabled endpoint engine env environment error errors exp expiration "
    "expires expired expiry factory field fields file files flow format found func generator grace group handler hashers "
    "header headers help hint history home host hosts hours http httponly ids index in input insecure interval "
    "invalid issuer jar keyring label leeway length level lifetime limit limits location lookup manager mask "
    "max mechanism memory message method middleware min minutes missing mode model module mount ms name names "
    "namespace needed only operator optional order overlap parallelism param parameter params path paths "
    "pattern permission permissions placeholder plugin policies policy pooling port position prefix price prob "
    "probability processor project prompt protocol provider providers queue rate rates ratio reader realm reason ref "
    "refs regex region rejected renewal renewals required requirements resolver retries retry role "
    "roles rotation route rounds rule rules samesite schema scheme scope scopes seconds secure sender separator server "
    "servers service set size sizes skew source sources split stage stats status stdin store strength strict style "
    "suffix table template threshold threads through time timeout timestamp title ttl type types unit uri "
    "url usage user username uses valid validation validator validators validity var variable version versions vocab "
    "weight window workers".split()
)
# USE_AUTH and isSecret tell whether there is one, MIN_PASSWORD how long it is.
_SWITCHES = frozenset(
    "accept allow anonymous ask disable enable enabled forgot has hide ignore is max maximum min minimum n need needs no "
    "num prompt require required requires show skip use uses with without".split()
)
# TOKEN_PROD, SECRET_2, passwordB64: which one it is, or how it is written.
_QUALIFIERS = frozenset(
    "b64 backup base base64 content contents current data default dev development encoded encrypted eu jp json live local "
    "main new old plain plaintext preprod previous primary prod production qa raw read readonly ro rw sandbox secondary "
    "stage staging str string temp test testing text tmp uat us v val value values write x yaml".split()
)
# The shell's working directories, not passwords.
_NO_SECRETS = frozenset({"PWD", "OLDPWD"})

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Letters and digits that were drawn, as of a hash, fall into many pieces, and these are short.
_RUN = re.compile("[A-Za-z0-9]+")
_SHORT_WORD, _FEW_PIECES, _LENGTH_OF_WORDS = 3, 4, 3

_LONGEST_KEY = 500
"""Of a longer one, the beginning and the end are read."""


def is_secret_key(key: str) -> bool:
    """Tell whether a key names something that should not be shown.

    ``key``: name of an environment variable, a label, a setting or a command line flag.
    Returns bool: True if one of the key's words says so (``password``, ``token``, ``api key`` and the like).
    """
    if len(key) > _LONGEST_KEY:
        key = f"{key[: _LONGEST_KEY // 2 - 1]}.{key[-_LONGEST_KEY // 2 :]}"
    return _looks_secret(key)


def words_of(key: str) -> list[str]:
    """Return the words of a key, in lower case: ``dbPassword2`` is of three."""
    return [word.lower() for word in _WORD.findall(key)]


@lru_cache(maxsize=10_000)
def _looks_secret(key: str) -> bool:
    words = words_of(key)
    words = [word for word in words if not word.isdecimal()] or words
    if not words or key in _NO_SECRETS:
        return False
    if tuple(words[-2:]) in _PAIRS:
        return words[0] not in _SWITCHES
    if words[-1] in _REFERENCES or words[0] in _SWITCHES:
        return False
    # Beside a hash, or in it, short words stand by chance: what somebody chose is long.
    shortest = _SHORT_WORD if len(words) > _FEW_PIECES and any(map(_is_drawn, _RUN.findall(key))) else 0
    return _holds(_without_qualifiers(words), shortest) or _holds(words, shortest)


def _without_qualifiers(words: list[str]) -> list[str]:
    last = len(words)
    while last > 1 and words[last - 1] in _QUALIFIERS:
        last -= 1
    return words[:last]


def _holds(words: list[str], shortest: int) -> bool:
    if words[-1] in _REFERENCES:
        return False
    if any(pair in _PAIRS for pair in pairwise(words)) or (
        words[-1] == "key" and not _SERVICES.isdisjoint(words[-2:-1])
    ):
        return True
    head, before = words[-1], words[-2] if len(words) > 1 else ""
    if head in _HEADS and len(head) > shortest and before not in _HEADS[head]:
        return True
    return any(
        (word in _STRONG and len(word) > shortest)
        or (_TOKEN in word and _is_token(words, place, shortest))
        or (word.endswith("pwd") and len(word) > max(shortest, len("pwd")))
        or _PASS_ENDING.fullmatch(word) is not None
        or (any(part in word for part in _PARTS) and _NO_PARTS.search(word) is None)
        for place, word in enumerate(words)
    )


def _is_token(words: list[str], place: int, shortest: int) -> bool:
    """Tell whether a word that ends in ``token`` is one that lets somebody in."""
    word = words[place]
    if not word.endswith(_TOKEN) or len(word) <= shortest:
        return False
    before = word[: -len(_TOKEN)] or (words[place - 1] if place else "")
    return before not in _OTHER_TOKENS


def _is_drawn(run: str) -> bool:
    pieces = len(_WORD.findall(run))
    return pieces > _FEW_PIECES and len(run) < _LENGTH_OF_WORDS * pieces


def is_reference(key: str) -> bool:
    """Tell whether an entry under a secret-looking key only says where the secret is: ``secret: {secretName: ...}``."""
    words = words_of(key)
    return bool(words) and words[-1] in _REFERENCES


def telling_key(outer: str, key: str) -> str:
    """Return the key that says whether the value under ``key`` in a dict is secret.

    Returns str: ``outer`` where that names a secret, unless ``key`` only says where the secret is; else ``key``.
    """
    return outer if is_secret_key(outer) and not is_reference(key) else key
