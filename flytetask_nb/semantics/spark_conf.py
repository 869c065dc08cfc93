"""How Spark reads the settings that hold amounts: each key has a notation of its own, and a unit for bare numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.errors import QuantityError
from flytetask_nb.semantics.quantities import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Notation(NamedTuple):
    """How amounts of one kind are written.

    ``expected``: what is expected, in words.
    ``read``: from a text to its exact value, in bytes, seconds, cores or pieces; None where Spark cannot read it.
    """

    expected: str
    read: Callable[[str], Fraction | None]


_BYTES: Final = {unit: 1024**power for power, unit in enumerate("bkmgtp")}
_SIZE_UNITS: Final = _BYTES | {f"{unit}b": size for unit, size in _BYTES.items() if unit != "b"}
_MICROSECOND: Final = Fraction(1, 1_000_000)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TIME_UNITS: Final[Mapping[str, Fraction | int]] = {
    "us": _MICROSECOND,
    "ms": Fraction(1, 1_000),
    "s": 1,
    "m": _MINUTE,
    "min": _MINUTE,
    "h": _HOUR,
    "d": _DAY,
}
_WITH_UNIT: Final = re.compile(r"(-?[0-9]+)([a-z]+)?", re.ASCII)
_WHOLE: Final = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_FLAGS: Final = {"true": Fraction(1), "false": Fraction(0)}


def _with_unit(units: Mapping[str, Fraction | int], bare: str, text: str) -> Fraction | None:
    """Read a whole number and its unit; what is finer than the key's own unit is cut off."""
    match = _WITH_UNIT.fullmatch(text.lower().strip())
    unit = None if match is None else units.get(match[2] or bare)
    if match is None or unit is None:
        return None
    own = Fraction(units[bare])
    # As in Java: towards zero.
    return int(int(match[1]) * unit / own) * own


def _number(pattern: re.Pattern[str], text: str) -> Fraction | None:
    return Fraction(text.strip()) if pattern.fullmatch(text.strip()) else None


def _quantity(text: str) -> Fraction | None:
    try:
        return parse(text).value
    except QuantityError:
        return None


_COUNT: Final = Notation("a whole number", partial(_number, _WHOLE))
_CORES: Final = Notation("a quantity of Kubernetes such as 500m or 2", _quantity)
_SHARE: Final = Notation("a number", partial(_number, _NUMBER))
_FLAG: Final = Notation("true or false", lambda text: _FLAGS.get(text.strip().lower()))


def _size(bare: str) -> Notation:
    return Notation("a whole number such as 512m or 4g", partial(_with_unit, _SIZE_UNITS, bare))


def _time(bare: str) -> Notation:
    return Notation("a whole number such as 30s or 5min", partial(_with_unit, _TIME_UNITS, bare))


# By notation the keys; core/src/main/scala/org/apache/spark/internal/config and sql/catalyst/.../SQLConf.scala.
_KEYS: Final[tuple[tuple[Notation, str], ...]] = (
    (
        _size("m"),
        """
        driver.memory driver.memoryOverhead driver.minMemoryOverhead executor.memory executor.memoryOverhead
        executor.minMemoryOverhead executor.pyspark.memory reducer.maxSizeInFlight
        kryoserializer.buffer.max
        """,
    ),
    (_size("k"), "broadcast.blockSize eventLog.buffer.kb kryoserializer.buffer shuffle.file.buffer"),
    (
        _size("b"),
        """
        memory.offHeap.size driver.maxResultSize network.maxRemoteBlockSizeFetchToMem storage.memoryMapThreshold
        files.maxPartitionBytes files.openCostInBytes io.compression.lz4.blockSize
        io.compression.snappy.blockSize io.compression.zstd.bufferSize sql.autoBroadcastJoinThreshold
        sql.files.maxPartitionBytes sql.files.openCostInBytes sql.adaptive.advisoryPartitionSizeInBytes
        sql.adaptive.autoBroadcastJoinThreshold sql.adaptive.coalescePartitions.minPartitionSize
        sql.adaptive.skewJoin.skewedPartitionThresholdInBytes
        """,
    ),
    (
        _COUNT,
        """
        driver.cores executor.cores executor.instances task.cpus cores.max dynamicAllocation.minExecutors
        dynamicAllocation.maxExecutors dynamicAllocation.initialExecutors sql.shuffle.partitions
        default.parallelism rpc.message.maxSize
        """,
    ),
    (
        _CORES,
        """
        kubernetes.driver.request.cores kubernetes.driver.limit.cores kubernetes.executor.request.cores
        kubernetes.executor.limit.cores
        """,
    ),
    (_FLAG, "dynamicAllocation.enabled memory.offHeap.enabled"),
    (
        _time("s"),
        """
        network.timeout sql.broadcastTimeout dynamicAllocation.executorIdleTimeout
        dynamicAllocation.cachedExecutorIdleTimeout dynamicAllocation.schedulerBacklogTimeout
        dynamicAllocation.sustainedSchedulerBacklogTimeout
        """,
    ),
    (_time("ms"), "executor.heartbeatInterval locality.wait"),
)
_NOTATIONS: Final = {f"spark.{key}": notation for notation, keys in _KEYS for key in keys.split()}
_DEVICES: Final = re.compile(r"spark\.(?P<of>driver|executor|task)\.resource\.[^.]+\.amount")


def notation_of(key: str) -> Notation | None:
    """Return how the amount under a key of Spark's configuration is written; None where it holds no amount.

    ``key``: such as ``spark.executor.memory``, letter by letter: Spark tells capitals apart.

    Notes
    -----
    Sizes and times are read by ``byteStringAs`` and ``timeStringAs`` of Spark's ``JavaUtils.java``: whole numbers
    with a unit in any case, powers of 1024; a bare number counts in the key's own unit, MiB for
    ``spark.executor.memory``. Other numbers are read by ``ConfigBuilder.scala``, cores of pods by Kubernetes.
    """
    notation = _NOTATIONS.get(key)
    if notation is None and (device := _DEVICES.fullmatch(key)):
        # A task can take a part of a device; a process has it whole.
        return _SHARE if device["of"] == "task" else _COUNT
    return notation
