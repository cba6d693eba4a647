"""Runs the nodes of a graph: those that are ready at the same time, each launched by a thread."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

from headrace.orchestration.graph import GraphNode
from headrace.orchestration.node_launch import NodeLaunches
from headrace.orchestration.node_process import NodeProcesses
from headrace.orchestration.outcomes import NodeOutcome, NodeState
from headrace.orchestration.progress import Progress
from headrace.orchestration.schedule import Schedule
from headrace.orchestration.signals import handled_by
from headrace.orchestration.slots import LOOK_SECONDS, Slots


def run_graph(
    nodes: Sequence[GraphNode],
    launches: NodeLaunches,
    processes: NodeProcesses,
    progress: Progress,
    max_parallel: int | None,
) -> tuple[NodeOutcome, ...]:
    """Runs all nodes that can be run; returns what came of each, in their order.

    Args:
        nodes: in topological order.
        launches: what launches each.
        processes: of the nodes at work.
        progress: what shows how the run goes.
        max_parallel: nodes at once; None for as many as keep the cores busy.
    """
    by_id = {node.id: node for node in nodes if not node.is_outside}
    however = {node.id for node in by_id.values() if node.runs_however}
    needs = {node.id: node.needs for node in by_id.values()}
    schedule = Schedule({node.id: node.upstream for node in by_id.values()}, however, needs)
    outside = [node for node in nodes if node.is_outside]
    states = {node.id: NodeState.REUSED if node.is_reused else NodeState.LEFT_OUT for node in outside}
    outcomes = {node_id: NodeOutcome(node_id, state) for node_id, state in states.items()}
    working: set[Future[NodeOutcome]] = set()
    slots = Slots(max_parallel, processes.ids)

    def ended(ended: NodeOutcome) -> None:
        outcome = replace(ended, optional=by_id[ended.node].is_optional)
        outcomes[outcome.node] = outcome
        progress.ended(outcome)
        forgiven = outcome.optional and outcome.state is NodeState.FAILED
        for node, state in schedule.ended(outcome.node, NodeState.SUCCEEDED if forgiven else outcome.state).items():
            skipped = state is NodeState.SKIPPED
            outcomes[node] = launches.skip(by_id[node]) if skipped else NodeOutcome(node, state)
            progress.ended(outcomes[node])

    for outcome in outcomes.copy().values():
        progress.ended(outcome)
    with ThreadPoolExecutor(slots.most, thread_name_prefix="node") as threads:
        while True:
            if not processes.stopped:
                for node_id in schedule.take_ready(slots.free(len(working))):
                    progress.started(node_id, launches.log(node_id))
                    working.add(threads.submit(launches.launch, by_id[node_id]))
            waiting = schedule.waits_for()
            progress.waiting(waiting)
            if not working:
                break
            patience = None if all(waiting.values()) else LOOK_SECONDS  # with a node that waits for its turn alone
            done, working = wait(working, patience, return_when=FIRST_COMPLETED)
            for future in done:
                ended(future.result())
    for node_id in schedule.waits_for():  # somebody stopped the run
        outcomes[node_id] = NodeOutcome(node_id, NodeState.BLOCKED)
        progress.ended(outcomes[node_id])
    return tuple(outcomes[node.id] for node in nodes)


@contextmanager
def stop_on_signals(processes: NodeProcesses) -> Iterator[None]:
    """Ctrl-C, SIGTERM and SIGHUP end the run's processes; what they worked on is then recorded as canceled."""

    def stop(number: int, frame: FrameType | None) -> None:
        # A thread of its own, for a handler may come while this thread holds the lock that stop takes.
        threading.Thread(target=processes.stop, args=(number,)).start()

    with handled_by(stop):
        yield
