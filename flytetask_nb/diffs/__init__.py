"""What changed between versions of a task: rules as data, comparison part by part, and the verdict."""

from __future__ import annotations

from flytetask_nb.diffs.blast_radius import Caller, CallerReport, callers
from flytetask_nb.diffs.changes import Change
from flytetask_nb.diffs.plan_entries import PlanEntry
from flytetask_nb.diffs.release_plan import Plan, plan
from flytetask_nb.diffs.rules import RULES, SEVERITIES, Rule
from flytetask_nb.diffs.task_diff import CacheVerdict, TaskDiff, diff
from flytetask_nb.diffs.version_history import Interval, TaskHistory, history

__all__ = [
    "RULES",
    "SEVERITIES",
    "CacheVerdict",
    "Caller",
    "CallerReport",
    "Change",
    "Interval",
    "Plan",
    "PlanEntry",
    "Rule",
    "TaskDiff",
    "TaskHistory",
    "callers",
    "diff",
    "history",
    "plan",
]
