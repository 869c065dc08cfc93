"""What is a secret by its looks alone, wherever it stands: tokens of known services, webhooks, keys, hashes.

The forms are those that the services document. Libraries of such forms were judged: they scan whole files for what to
look at, and tell lines, not what in a line is to go; their forms by chance alone (entropy) take every digest for one.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits
from typing import TYPE_CHECKING

from flytetask_nb.masking.innocence import is_drawn

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]
"""Where in a text something begins and ends."""

SHORTEST_SHAPE = 12
"""No secret that is told by its looks is shorter: most texts need not be searched for one."""
_ENOUGH = 4
"""Letters of a token that are counted before the whole is looked for: each is a state of the engine's."""

# Regular expressions that RE2 reads too: no lookarounds, no atomic groups.
_BEGINNINGS = (
    r"gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{20,}",  # GitHub
    r"GR1348941[\w-]{20,}",  # GitLab's runners
    r"xox[a-z](?:\.xox[a-z])?-\d[\w-]{9,}|xapp-\d-[\w-]{20,}",  # Slack
    r"A(?:KIA|SIA|BIA|CCA)[0-9A-Z]{16}\b|ABSK[A-Za-z0-9+/]{60,}",  # AWS
    r"AIza[\w-]{30,}|ya29\.[\w-]{20,}|1//0[\w-]{30,}|GOCSPX-[\w-]{20,}",  # Google
    r"eyJ[\w-]{8,}\.(?:eyJ[\w-]{5,}|[\w-]{20,})?\.[\w-]*",  # JSON web tokens
    r"npm_[A-Za-z0-9]{36,}|pypi-[A-Za-z0-9]{10,}[\w-]{30,}|rubygems_[a-f0-9]{40,}|CLOJARS_[a-z0-9]{50,}",
    r"dapi[a-f0-9]{32}(?:-\d)?|SG\.[\w-]{20,24}\.[\w-]{39,50}|xkeysib-[a-f0-9]{40,}-\w{16}|key-[a-f0-9]{32}",
    r"pubkey-[a-f0-9]{32}",
    r"do[opr]_v1_[a-f0-9]{64}|shp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{32}|hv[bsr]\.[\w-]{24,}",
    r"AGE-SECRET-KEY-1[A-Z0-9]{50,}|dckr_[op]at_[\w-]{20,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{40,}",
    r"SK[0-9a-fA-F]{32}\b|NR(?:AK|JS|AA|II|IQ|RA)-[A-Za-z0-9-]{20,}|gl(?:sa|c)_[A-Za-z0-9+/=_]{32,}",
    r"pat[A-Za-z0-9]{14}\.[a-f0-9]{60,}|(?:pat|sat)\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}",
    r"ntn_\d{11}[A-Za-z0-9]{30,}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}",
    r"pul-[a-f0-9]{40}|ATATT3x[\w=-]{50,}|ATCTT3x[\w=-]{50,}|ATBB[A-Za-z0-9]{28,}\b",
    r"pscale_(?:tkn|pw|oauth)_[\w=.-]{32,}|sbp_[a-f0-9]{40}|sb_secret_[\w-]{20,}",
    r"sq0(?:csp|atp|idp)-[\w-]{22,}|EAA[A-Za-z0-9]{60,}|EAAA[\w-]{60}",
    r"sntry[su]_[\w+/=-]{40,}|rdme_[a-z0-9]{60,}|fm[12][ar]?_[\w+/=-]{60,}|fo1_[\w-]{40,}",
    r"tskey-[a-z]+-[\w-]{20,}|sgp_[\w]{40,}|AKCp[A-Za-z0-9]{60,}|cmVmd[A-Za-z0-9]{59}\b",
    r"sha256~[\w-]{40,}|LTAI[A-Za-z0-9]{20}\b|dt0[a-z]\d\d\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{60,}|HRKU-AA[\w-]{50,}",
    r"A3-[A-Z0-9]{6}-[A-Z0-9-]{20,}|EZ[AT]K[A-Za-z0-9]{54}\b|duffel_(?:test|live)_[\w=-]{40,}",
    r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}",
    r"shippo_(?:live|test)_[a-f0-9]{40}|v1\.0-[a-f0-9]{24}-[a-f0-9]{100,}|4b1d[A-Za-z0-9]{38}\b",
    r"cio[A-Za-z0-9]{32}\b|ops_eyJ[\w+/=-]{60,}|sm_[aps]at_[A-Za-z0-9]{16}\b",
)
# What tells these stands within or behind: it, and the letters beside it, are looked for before the whole is.
_WITHIN = {
    r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{50,}": r"\.atlasv1\.",
    r"\d{8,10}:AA[\w-]{33}\b": r"\d:AA",
    r"[\w~.]{3}\dQ~[\w~.-]{31,34}": r"\dQ~",
    r"\w{6}_\w{29}_mmk\b": "_mmk",
}
_CERTAIN = (*_BEGINNINGS, *_WITHIN)
KEYS = r"\b(?:sk|pk|rk)[-_][\w-]{16,}"
"""Keys of OpenAI, Anthropic, Stripe."""
# Their beginnings are words, too: what follows has to read like drawn.
_LIKELY = (
    KEYS,
    r"\bhf_[A-Za-z0-9]{20,}|\bapi_org_[A-Za-z0-9]{30,}|\br8_[A-Za-z0-9]{30,}|\bgl[a-z]{1,6}-[\w.-]{16,}",
    (
        r"\b(?:gsk|whsec|phc|phx|figd|figo|secret|nvapi|pplx|xai|tvly|pnu|ico|cio|bb_api|lin_api|lin_oauth|API|p8e|tfp|tk)"
        r"[-_]?[\w-]{22,}"
    ),
)
# Any service's: a word or a few, then many letters and digits in no order.
_DRAWN = r"\b[A-Za-z][A-Za-z0-9]{1,11}(?:[_.-][A-Za-z0-9]{1,10}){0,3}[_-][A-Za-z0-9]{32,}"
_HOOKS = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)/[\w/-]+",
    r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]+",
    r"webhook\.office\.com/webhookb\d/[\w@/.-]+|outlook\.office(?:365)?\.com/webhook/[\w@/.-]+",
    r"api\.telegram\.org/bot[\w:-]+|hooks\.zapier\.com/hooks/catch/[\w/]+|hook\.[a-z0-9.]*make\.com/\w+",
    r"maker\.ifttt\.com/trigger/[\w-]+/(?:json/)?with/key/[\w-]+|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[\w-]+",
    r"events\.pagerduty\.com/integration/\w+|hc-ping\.com/[\w-]+|/(?:webhooks?|hooks)/[\w-]*[a-z0-9]{20,}",
)


def _loosely(form: str) -> str:
    """Return a form that finds the same and more, and of which an engine knows at once how it goes on."""
    return re.sub(r"\{(\d+)(?:,\d*)?\}", lambda times: f"{{{min(int(times[1]), _ENOUGH)},}}", form)


_PREFIXES = r"(?:sk|pk|rk|hf|api_org|gl[a-z]{1,6}|gsk|whsec|phc|lin)[-_]"
SERVICES = "|".join(
    (
        rf"(?:^|[^A-Za-z0-9])(?:{_loosely('|'.join(_BEGINNINGS))})",
        *_WITHIN.values(),
        *_LIKELY,
        rf"\b{_PREFIXES}[\w.-]{{16,}}",
        *_HOOKS,
        r"\$(?:2[abxy]|apr1|[1567y]|gy|argon2|scrypt|pbkdf2)",
    )
)
"""Matches what looks like a known service's in a word, and may match more; other engines read it too."""
LONG_RUN = "[_-][A-Za-z0-9]{32}"
"""Of what any service draws, the letters alone: an engine would have to count those before them at each place."""
SHAPES = f"{SERVICES}|{LONG_RUN}"
"""Matches what looks like a token of any service."""

_SURE = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_CERTAIN)})")
_MAYBE = re.compile("|".join((*_LIKELY, _DRAWN)))
_DRAWN_ONLY = re.compile(_DRAWN)
_FIRST = re.compile("[A-Za-z0-9]*[_-]?")
_PREFIX = re.compile(_PREFIXES)
_HOOK = re.compile("|".join(_HOOKS))
_HASH = re.compile(r"\$(?:2[abxy]|apr1|[1567y]|gy|argon2(?:id|i|d)|scrypt|pbkdf2[\w-]*)\$[\w./$,=+-]{20,}")
# What names the algorithm of a digest, or a file, stands before no token.
_NO_TOKENS = re.compile(r"(?i)(?:sha[-_]?\d*|md5|blake2\w|digest|etag|fast|script|price|cus|prod|model|run)(?:[_.-]|$)")
_LEAST_DIGITS = 3
# A digest in capitals; hardly any token is all of that.
_HEX = re.compile("[0-9A-F]+")
# Of SHA-256 in base64 for URLs.
_LENGTH_OF_DIGEST = 43
_OF_DIGEST = f"{ascii_letters}{digits}-_"
_KEY_BLOCK = re.compile(
    r"-----BEGIN (?P<sort>[A-Z0-9 ]*PRIVATE KEY|PGP PRIVATE KEY BLOCK|PGP MESSAGE)-----.*?"
    r"(?:-----END [A-Za-z0-9 ]*(?:PRIVATE KEY(?: BLOCK)?|PGP MESSAGE)-----|\Z)"
    r"|(?<=Private-Lines: )\d+.*?(?=\nPrivate-MAC|\Z)",
    re.DOTALL,
)
# Authorization's schemes; what follows has to be no word of prose ("basic authentication").
_SCHEME = re.compile(r"\b(?:Bearer|Basic|AUTH (?:PLAIN|LOGIN))\s+(?P<secret>[\w.~+/=-]{6,})", re.IGNORECASE)
_HARD = re.compile(r"[0-9=+]|[A-Z].*[a-z].*[A-Z].*[a-z].*[A-Z]")


def shapes_in(text: str, *, any_service: bool = True) -> Iterator[Span]:
    """Yield where tokens, webhooks, hashes of passwords and an authorization's values stand.

    ``text``: the text.
    ``any_service``: whether tokens of services unknown to this module are looked for, too.
    """
    if len(text) < SHORTEST_SHAPE:
        return
    if "-----BEGIN" in text or "Private-Lines" in text:
        yield from (block.span() for block in _KEY_BLOCK.finditer(text))
    yield from (token.span() for token in _SURE.finditer(text) if _HEX.fullmatch(token[0]) is None)
    yield from (word.span() for word in _MAYBE.finditer(text) if _is_token(word, any_service=any_service))
    if "/" in text:
        yield from (hook.span() for hook in _HOOK.finditer(text) if "/" not in hook[0][:1] or is_drawn(hook[0]))
    if "$" in text:
        yield from (password.span() for password in _HASH.finditer(text))
    yield from (value.span("secret") for value in _SCHEME.finditer(text) if _HARD.search(value["secret"]))


def _is_token(place: re.Match[str], *, any_service: bool) -> bool:
    word = place[0]
    if _DRAWN_ONLY.fullmatch(word) is None or _PREFIX.match(word) is not None:
        return is_drawn(word[len(_FIRST.match(word)[0]) :])  # type: ignore[index]
    cut = max(word.rfind("_"), word.rfind("-"))
    prefix, body = word[:cut], word[cut + 1 :]
    return (
        any_service
        and _NO_TOKENS.match(prefix) is None
        and sum(map(str.isdigit, body)) >= _LEAST_DIGITS
        and any(map(str.isupper, body))
        and any(map(str.islower, body))
        # What begins like the name of a service is no digest, however many letters there are.
        and (prefix.islower() or not _is_in_digest(place))
    )


def _is_in_digest(place: re.Match[str]) -> bool:
    """Tell whether the letters around a word are as many as a digest has: it may have a hyphen anywhere."""
    start, end = place.span()
    before = place.string[max(0, start - _LENGTH_OF_DIGEST) : start]
    after = place.string[end : end + _LENGTH_OF_DIGEST]
    around = len(before) - len(before.rstrip(_OF_DIGEST)) + len(after) - len(after.lstrip(_OF_DIGEST))
    return around + end - start == _LENGTH_OF_DIGEST
