"""Computation: tables that compute their own rows."""

from __future__ import annotations

from ..schema.schema import Schema
from .background import PopulateHandle
from .events import Event, Progress, listening, subscribe
from .jobs import Job, existing_jobs
from .pipeline import PipelineResult, populate
from .result import LostReservationError, MakeTimeoutError, PopulateResult, WorkerDiedError
from .tables import AutoPopulated, Computed, Imported

# Schemas know nothing of computation; with it, they can list their job tables.
Schema.jobs = property(existing_jobs, doc="The job tables that are there for the computed tables of the schema.")  # type: ignore[attr-defined]

__all__ = [
    "AutoPopulated",
    "Computed",
    "Event",
    "Imported",
    "Job",
    "LostReservationError",
    "MakeTimeoutError",
    "PipelineResult",
    "PopulateHandle",
    "PopulateResult",
    "Progress",
    "WorkerDiedError",
    "listening",
    "populate",
    "subscribe",
]
