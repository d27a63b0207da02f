"""All of it as one report."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.packing import azure, determinism, instances, openb, proof, replicas
from benchmarks.packing.picture import picture
from benchmarks.report import Report


def run(data: Path, progress: Callable[[str], None]) -> Report:
    """The instances and traces in `data`. Raises if a judge refuses a placement."""
    rows, tables = instances.quality(data, progress)
    rows += instances.equal_nodes(data / "openb" / "pods.csv", progress)
    own_rows, own_tables = openb.real_nodes(data / "openb", progress)
    time_rows, time_table, runs = azure.over_time(data / "azure_v1" / "vms_dev_100k.csv", progress)
    trap_rows, trap_table = replicas.trap(progress)
    rows += (
        own_rows
        + time_rows
        + trap_rows
        + proof.proven(progress)
        + determinism.repeated(data, progress)
    )
    tables += [trap_table, *own_tables, time_table]
    return Report("packing", "Packing", rows, NOTES, tables, picture(runs))


NOTES = [
    "Every placement was checked by validators that share no code with what packs: of batches "
    "`core/packing/validate`, over time the benchmark's own ledger, for which a move holds both "
    "rooms until it is over.",
    f"The search got {instances.BUDGET_S:.0f} s of processor time, seed {instances.SEED}; on the "
    "instances all rules ran within it, on openb L2 ran before it.",
    "openb: CPU and memory only, GPUs are not counted. On equal nodes pods larger than 96 cores "
    "and 384 GiB are left out. Load at the first failure is the CPU of the pods placed before it.",
    "azure_v1: nodes of 32 cores and 64 GiB, `binpack`, until the last arrival; machines larger "
    "than that are left out. The lower bound is by volume, of the scarcer resource.",
]
