"""Real processes that talk by gloo: each runs the same jobs, and the test gets what they return."""

from __future__ import annotations

import multiprocessing
import pickle
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

PATIENCE = timedelta(seconds=120)
"""How long processes wait for each other where they are to meet: a machine may be busy."""

Job = Callable[[int, int], Any]
"""From a rank and the number of processes to what can be pickled."""


def run_in(
    world: int, jobs: dict[str, Job], folder: Path, answering: int | None = None
) -> dict[str, list[Any]]:
    """Return for each job what each rank returned, or the exception that it raised.

    Of a process that ends by SystemExit nothing comes; `answering` is how many others there are.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["syntonic.torch", "syntonic.flux.cpu.norm"])  # once for all
    answers = context.Queue()
    store = (folder / "store").as_uri()
    processes = [
        context.Process(target=_work, args=(rank, world, jobs, store, answers), daemon=True)
        for rank in range(world)
    ]
    for process in processes:
        process.start()
    patience = PATIENCE.total_seconds()
    found = dict(pickle.loads(answers.get(timeout=patience)) for _ in processes[:answering])
    for process in processes:
        process.join(patience)
        process.kill()
    return {name: [found[rank][name] for rank in sorted(found)] for name in jobs}


def impatient(world: int) -> Any:
    """Return a group of all processes that do not wait long for each other."""
    return dist.new_group(list(range(world)), timeout=timedelta(seconds=2))


def _work(rank: int, world: int, jobs: dict[str, Job], store: str, answers: Any) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=store, rank=rank, world_size=world, timeout=PATIENCE
    )
    found = {name: _answer(job, rank, world) for name, job in jobs.items()}
    answers.put(pickle.dumps((rank, found)))  # tensors themselves would share memory with us


def _answer(job: Job, rank: int, world: int) -> Any:
    try:
        return job(rank, world)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return error
