"""Sources of many tasks are masked as each by itself would be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.masking import mask_text
from flytetask_nb.tables.source_texts import masked_sources

PIECES = [
    "/data/", "release.tgz", "s3://bucket/", "https://user:pass", "@host/", "?token=", "password=", "password:", "token", "a",
    "ghp_0123456789abcdef0123456789abcdef0123", "AKIA0123456789ABCDEF", "!", "=", ":", " ", "\n", "'", '"', "0_shops.x_1.pb", "-",
    "!0_shops.x_1.pb", "Bearer ", "ab12cd34", "--password", "\\", "",
]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), max_size=4))
def test_each_source_is_masked_as_by_itself(sources: list[str]) -> None:
    assert masked_sources(sources) == {source: mask_text(source) for source in sources}


def test_entries_of_an_archive_stay_readable() -> None:
    sources = [f"s3://bucket/release.tgz!{number}_shops.x_1.pb" for number in range(3)]
    assert masked_sources(sources) == dict(zip(sources, sources, strict=True))
