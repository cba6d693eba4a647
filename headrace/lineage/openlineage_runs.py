"""OpenLineage's jobs and runs: a job for each pipeline and each node in it, a run for each time they were executed."""

from collections.abc import Mapping
from importlib.metadata import version

from openlineage.client.event_v2 import Job
from openlineage.client.event_v2 import Run as LineageRun
from openlineage.client.facet_v2 import (
    JobFacet,
    RunFacet,
    documentation_job,
    error_message_run,
    execution_parameters_run,
    job_type_job,
    nominal_time_run,
    parent_run,
    processing_engine_run,
    tags_run,
)

from headrace.lineage.facts import RunFacts, step_of
from headrace.lineage.openlineage_names import (
    NAMESPACE,
    PRODUCER,
    execution_uuid,
    job_name,
    recorded,
    run_uuid,
    time_text,
)
from headrace.lineage.openlineage_source import source_code_facets
from headrace.lineage.shown import text
from headrace.metadata import properties as names
from headrace.metadata.records import Execution, Run, State

INTEGRATION = "HEADRACE"  # also the source of tags
_BATCH, _PIPELINE, _NODE = "BATCH", "PIPELINE", "NODE"


class Jobs:
    """The jobs and runs of one run of a pipeline."""

    def __init__(self, run: Run, facts: RunFacts, tfx_version: str | None) -> None:
        """Takes the run.

        Args:
            run: its record.
            facts: what is known of it.
            tfx_version: that its artifacts name, or None.
        """
        self._run, self._facts, self._tfx_version = run, facts, tfx_version
        self._uuid = run_uuid(run)

    def pipeline_job(self) -> Job:
        """The pipeline."""
        facets = {
            "jobType": _job_type(_PIPELINE),
            "documentation": _documentation(f"The TFX pipeline {self._run.pipeline}"),
        }
        return Job(NAMESPACE, job_name(self._run.pipeline), recorded(facets))

    def node_job(self, execution: Execution) -> Job:
        """A node."""
        told = f"The node {execution.node} of the TFX pipeline {execution.pipeline}: {execution.type}"
        facets: dict[str, JobFacet | None] = {
            "jobType": _job_type(_NODE),
            "documentation": _documentation(told),
            **source_code_facets(self._facts, execution),
        }
        return Job(NAMESPACE, job_name(execution.pipeline, execution.node), recorded(facets))

    def pipeline_run(self, failures: Mapping[str, Execution], skipped: list[str]) -> LineageRun:
        """The run of the pipeline.

        Args:
            failures: of each node that failed, the execution that did.
            skipped: the nodes that were skipped.
        """
        facts = self._facts
        errors = [f"{node}: {error}" for node, one in failures.items() if (error := _error_text(one))]
        versions = {f"version.{package}": one for package, one in (facts.versions or {}).items()}
        tags = {
            "run": facts.id,
            "user": facts.user,
            "host": facts.host,
            "command": facts.command,
            "git_commit": facts.git_commit,
            "git_dirty": None if facts.git_dirty is None else str(facts.git_dirty).lower(),
            "skipped": ", ".join(skipped) or None,
            **versions,
        }
        facets = {
            **self._times_and_engine(),
            "executionParameters": _parameters(facts.parameters or {}),
            "errorMessage": _error("\n".join(errors)),
            "tags": _tags(tags),
        }
        return LineageRun(self._uuid, recorded(facets))

    def node_run(self, execution: Execution, makers: list[Execution]) -> LineageRun:
        """The run of a node.

        Args:
            execution: its execution.
            makers: of a cached one, the executions that made its outputs.
        """
        step = step_of(execution)
        cached = execution.state is State.CACHED
        tags = {
            "execution": str(step.execution),
            "state": step.state,
            "made_by": ", ".join(map(execution_uuid, makers)) if cached else None,
            "executor": step.executor,
            "code_digest": step.code_digest,
            "cpu_seconds": None if step.cpu_seconds is None else str(step.cpu_seconds),
            "peak_memory_bytes": None if step.peak_memory_bytes is None else str(step.peak_memory_bytes),
        }
        name = job_name(self._run.pipeline)
        parent = parent_run.ParentRunFacet(
            parent_run.Run(self._uuid),
            parent_run.Job(NAMESPACE, name),
            parent_run.Root(parent_run.RootRun(self._uuid), parent_run.RootJob(NAMESPACE, name)),
            producer=PRODUCER,
        )
        facets = {
            "parent": parent,
            **self._times_and_engine(),
            "executionParameters": _parameters(step.options),
            "errorMessage": _error(_error_text(execution)),
            "tags": _tags(tags),
        }
        return LineageRun(execution_uuid(execution), recorded(facets))

    def _times_and_engine(self) -> dict[str, RunFacet | None]:
        ours = (self._facts.versions or {}).get("headrace")
        name, engine = ("Headrace", ours) if ours else ("TFX", self._tfx_version)
        return {
            # A run is due when somebody starts it.
            "nominalTime": nominal_time_run.NominalTimeRunFacet(time_text(self._run.started), producer=PRODUCER),
            "processing_engine": None
            if engine is None
            else processing_engine_run.ProcessingEngineRunFacet(engine, name, version("headrace"), producer=PRODUCER),
        }


def _job_type(kind: str) -> JobFacet:
    return job_type_job.JobTypeJobFacet(_BATCH, INTEGRATION, kind, producer=PRODUCER)


def _documentation(told: str) -> JobFacet:
    return documentation_job.DocumentationJobFacet(told, "text/plain", producer=PRODUCER)


def _parameters(values: Mapping[str, object]) -> RunFacet | None:
    parameters = [execution_parameters_run.ExecutionParameter(key, value=text(one)) for key, one in values.items()]
    return execution_parameters_run.ExecutionParametersRunFacet(parameters, producer=PRODUCER) if parameters else None


def _error_text(execution: Execution) -> str:
    """The error on an execution; empty where none was recorded."""
    own = execution.properties
    if names.ERROR_KIND not in own:
        return ""
    told = f"{own[names.ERROR_KIND]}: {own.get(names.ERROR_MESSAGE, '')}"
    facts = (("where", names.ERROR_WHERE), ("why", names.ERROR_WHY))
    return "\n".join([told, *(f"  {name}: {own[key]}" for name, key in facts if own.get(key))])


def _error(told: str) -> RunFacet | None:
    return error_message_run.ErrorMessageRunFacet(told, "PYTHON", producer=PRODUCER) if told else None


def _tags(values: Mapping[str, str | None]) -> RunFacet:
    fields = [
        tags_run.TagsRunFacetFields(key, value, INTEGRATION) for key, value in values.items() if value is not None
    ]
    return tags_run.TagsRunFacet(fields, producer=PRODUCER)
