"""Every command line option and ini key, in one table; ``docs/options.md`` is printed from it.

Imported in every pytest run: standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Option:
    """One setting: ``--sweep-<name>`` on the command line, ``sweep_<name>`` in the ini file, or both.

    With the prefix ``ttnn`` it is ``--ttnn-<name>``: for what has to do with any test, sweep or not.
    """

    name: str
    help: str
    metavar: str | None = None
    kind: Literal["text", "list", "flag", "count"] = "text"
    """How values are given: one text, any number of texts (comma-separated or repeated), a switch, an integer."""
    default: str | int | tuple[str, ...] | bool | None = None
    on_command_line: bool = True
    in_ini: bool = False
    const: int | str | None = None
    """The value of an option that is given without one."""
    least: int | None = None
    """Of a count, the smallest that means anything; None where any does, or another place tells."""
    splits: bool = True
    """Whether a list's values are separated by commas as well."""
    prefix: Literal["sweep", "ttnn"] = "sweep"

    @property
    def flag(self) -> str:
        return f"--{self.prefix}-" + self.name.replace("_", "-")

    @property
    def ini(self) -> str:
        return f"{self.prefix}_{self.name}"


OPTIONS = (
    Option(
        "roots",
        "Directories, relative to the rootdir, below which files that bind `parameters` and `run` are sweep modules",
        kind="list",
        default=("sweeps", "tests/sweep_framework/sweeps"),
        on_command_line=False,
        in_ini=True,
    ),
    Option(
        "collect_tests",
        "Collect the `test_*` functions inside sweep modules too",
        kind="flag",
        default=False,
        on_command_line=False,
        in_ini=True,
    ),
    Option("suite", "Only suites of this name or glob pattern", metavar="NAME", kind="list"),
    Option(
        "module", "Only sweep modules of this dotted name, or below it (eltwise.unary)", metavar="NAME", kind="list"
    ),
    Option("skip_module", "Leave out sweep modules of this dotted name, or below it", metavar="NAME", kind="list"),
    Option(
        "vector",
        "Only vectors whose id begins with this, or that this traced configuration name selects",
        metavar="ID",
        kind="list",
    ),
    Option(
        "where",
        "Only vectors whose parameter meets this condition (dtype=bfloat16, rank>=3); repeat it to narrow further",
        metavar="CONDITION",
        kind="list",
        splits=False,
    ),
    Option(
        "vectors",
        "Take the vectors from the files in this directory, which upstream's generator or `ttnn-sweeps vectors export` "
        "wrote, instead of from the sweep modules; write it with an equals sign where it lies outside the project",
        metavar="DIR",
    ),
    Option("sample", "Run at most N vectors of each suite, drawn reproducibly", metavar="N", kind="count", least=1),
    Option(
        "shard",
        "Only the vectors of part I of N, told by their ids: runs with 1/N to N/N together run every vector once",
        metavar="I/N",
    ),
    Option(
        "dist",
        "How xdist's workers (-n) share the vectors: shard has each collect and run a part of its own; without it "
        "each collects everything and xdist's --dist deals it out",
        metavar="shard",
    ),
    Option(
        "seed",
        "Seed that samples and each vector's random numbers depend on",
        metavar="N",
        kind="count",
        default=0,
        in_ini=True,
    ),
    Option(
        "max_elements",
        "Skip vectors that ask torch for a tensor of more elements than N, before the memory is allocated",
        metavar="N",
        kind="count",
        default=2**28,
        in_ini=True,
    ),
    Option("keep_invalid", "Show invalid vectors as skipped items instead of only counting them", kind="flag"),
    Option(
        "ide",
        "Show at most N vectors of each suite, and those that failed last; on by itself when VS Code collects",
        metavar="N",
        kind="count",
        least=0,
        const=20,
    ),
    Option(
        "device",
        "What `import ttnn` gives to sweep modules: ttnn, the wheel on a device; mock or mock:BOARD (n150, n300, "
        "p150), the wheel on its own mock device; emulated or emulated:BOARD, the emulation; or auto: the wheel where "
        "it finds a device, else the emulation",
        metavar="PROVIDER",
        default="auto",
        in_ini=True,
    ),
    Option(
        "validate_only",
        "Run ttnn's checks of every vector on the mock device and compute no values: which vectors would be refused or "
        "run out of memory, and why",
        kind="flag",
    ),
    Option(
        "torch_device",
        "The torch device that the emulation computes on: cpu, cuda, cuda:1, ...",
        metavar="NAME",
        default="cpu",
        in_ini=True,
    ),
    Option(
        "share_device",
        "Let xdist's workers, and this run and others, take turns on a device where there are too few",
        kind="flag",
        default=False,
        in_ini=True,
    ),
    Option(
        "isolation",
        "Where vectors run: process (a child process, which a hang or a crash costs alone), none (pytest's own "
        "process), or auto: a child on a real or mock device, pytest's own process under the emulation, for a single "
        "vector and under a debugger",
        metavar="MODE",
        default="auto",
        in_ini=True,
    ),
    Option(
        "timeout",
        "A vector hangs that takes more seconds than this, from the start of `run`; 0 for ever (default: the module's "
        "`TIMEOUT`, else 30); a `timeout` mark wins",
        metavar="SECONDS",
        kind="count",
        least=0,
        in_ini=True,
    ),
    Option(
        "open_timeout",
        "Opening or closing a device in a child process hangs when it takes more seconds than this",
        metavar="SECONDS",
        kind="count",
        least=1,
        default=300,
        in_ini=True,
    ),
    Option("skip_on_timeout", "After a vector has hung, leave the rest of its suite NOT_RUN", kind="flag", in_ini=True),
    Option(
        "recycle", "Start a new child process after every N vectors", metavar="N", kind="count", least=1, in_ini=True
    ),
    Option(
        "repeat_check",
        "Run each vector N times on the same input; where the tensors that it reads back differ in a bit, it is "
        "FAIL_NON_DETERMINISTIC",
        metavar="N",
        kind="count",
        least=2,
    ),
    Option(
        "perf",
        "Time each vector that passes: after the execution that gives the verdict, and compiles, execute it again as "
        "often as --sweep-warmup and --sweep-repeat say; and tell the least time that its board could take",
        kind="flag",
    ),
    Option(
        "repeat",
        "Time N executions of each vector that passes, and tell how they spread (1 with --sweep-perf alone)",
        metavar="N",
        kind="count",
        least=1,
    ),
    Option(
        "warmup",
        "Execute each vector that passes K times before those that are timed, besides the one that gives the verdict "
        "(0)",
        metavar="K",
        kind="count",
        least=0,
    ),
    Option(
        "device_perf",
        "Measure the time of each vector on the device's own clocks, with ttnn's device profiler; a vector that passes "
        "without one is FAIL_UNSUPPORTED_DEVICE_PERF",
        kind="flag",
    ),
    Option(
        "device_side_setup",
        "With --sweep-device-perf: build inputs as the modules say and count every program of the call, instead of "
        "building them on the host and counting what the sweep times (also TTNN_SWEEP_DEVICE_SIDE_SETUP=1)",
        kind="flag",
    ),
    Option(
        "memory",
        "Measure what each vector takes of L1 and DRAM at most, in an execution of its own that ttnn captures without "
        "dispatching it",
        kind="flag",
    ),
    Option(
        "watcher",
        "Have tt-metal's watcher look at the device every so many seconds (without a number: as TT_METAL_WATCHER of "
        "the environment says, else 10); what it finds while a vector runs is FAIL_WATCHER. Put it after the tests, "
        "or write it with an equals sign",
        metavar="SECONDS",
        kind="count",
        const=0,
    ),
    Option(
        "accuracy",
        "Measure how far what each vector compares is from what it expects, beside the module's own verdict: largest "
        "errors and where they are, ulps of the output's dtype, RMS, non-finite values, what the dtype alone explains",
        kind="flag",
        default=False,
        in_ini=True,
    ),
    Option(
        "require",
        "Fail vectors that pass by themselves but don't meet this bound on a metric (max_ulp<=2, e2e_ms<5); repeatable",
        metavar="EXPR",
        kind="list",
        in_ini=True,
    ),
    Option(
        "reset_command",
        "Command that resets the board after a hang or a crash, run without a shell; {devices} stands for the devices' "
        "numbers; none for no reset (default: TT_SMI_RESET_COMMAND of the environment, else `tt-smi -r {devices}` "
        "where tt-smi is on the PATH; none on emulated and mock devices)",
        metavar="COMMAND",
    ),
    Option(
        "reset_timeout",
        "Kill the reset command after this many seconds",
        metavar="SECONDS",
        kind="count",
        default=180,
        in_ini=True,
    ),
    Option(
        "max_device_failures",
        "Stop the run when so many of so many vectors in a row hung, crashed or found no device; 0 never stops it",
        metavar="N/OF",
        default="5/20",
        in_ini=True,
    ),
    Option(
        "master",
        "File of traced configurations that `model_traced` suites come from "
        "(default: traced_operations/ttnn_operations_master.json, searched from the rootdir upwards); write it with "
        "an equals sign, --sweep-master=PATH, because pytest looks for the rootdir at a path that stands alone",
        metavar="PATH",
        in_ini=True,
    ),
    Option(
        "trace",
        "Add what the tests of this run pass to TTNN operations to this master, by default the one that --sweep-master "
        "means; any test of any project is traced, vectors of sweeps are not. Put it after the tests, or write it with "
        "an equals sign",
        metavar="MASTER",
        const="",
        prefix="ttnn",
    ),
    Option("trace_failed", "Trace tests that fail or are skipped too", kind="flag", prefix="ttnn"),
    Option(
        "trace_operations",
        "File of the operations to trace, one name a line, in place of the packaged list of 486",
        metavar="FILE",
        in_ini=True,
    ),
    Option(
        "trace_include",
        "Trace this operation too (ttnn.add, ttnn::add or add), also if the packaged list of 26 excludes it",
        metavar="NAME",
        kind="list",
        in_ini=True,
    ),
    Option("trace_exclude", "Don't trace this operation", metavar="NAME", kind="list", in_ini=True),
    Option(
        "results_dir",
        "Directory that holds a directory for each run, with the journal of its records",
        metavar="DIR",
        default=".ttnn_sweeps/runs",
        in_ini=True,
    ),
    Option(
        "to",
        "Deliver records to this destination too: files:DIR, sqlite:///PATH, postgresql://..., sftp://USER@HOST/DIR, "
        "s3://BUCKET/DIR, superset, or env:NAME for the URL in an environment variable; repeatable",
        metavar="URL",
        kind="list",
        in_ini=True,
        splits=False,
    ),
    Option(
        "resume",
        "Go on with a run (its id, its directory, or last): run what has no final record yet, and report the whole",
        metavar="RUN",
        const="last",
    ),
    Option(
        "only_status",
        "Only vectors whose last record in the resumed run, or else in the last run, has this status (fail_crash_hang; "
        "fail for all that begin so)",
        metavar="STATUS",
        kind="list",
    ),
    Option(
        "delivery_timeout",
        "Seconds that destinations have to take the rest when the vectors have run",
        metavar="SECONDS",
        kind="count",
        default=60,
        in_ini=True,
    ),
    Option(
        "delivery_warns",
        "Let a destination that failed be a warning instead of the exit code 6",
        kind="flag",
        in_ini=True,
    ),
    Option(
        "report",
        "Write the run as one HTML page to look at, with its failures in groups and the commands that rerun them; "
        "write it with an equals sign where it lies outside the project",
        metavar="FILE.html",
    ),
)


def reference() -> str:
    """The table as a page of Markdown."""
    lines = [
        "# Options",
        "",
        "Printed from the table in `pytest_ttnn_sweeps/options.py` by `python -m pytest_ttnn_sweeps.options`.",
        "A list takes commas or repetition on the command line, one value a line in the ini file.",
        "",
        "| command line | ini key | default | meaning |",
        "|---|---|---|---|",
    ]
    for option in OPTIONS:
        usage = f"`{option.flag}{_usage(option)}`" if option.on_command_line else ""
        default = ", ".join(option.default) if isinstance(option.default, tuple) else option.default
        ini = f"`{option.ini}`" if option.in_ini else ""
        lines.append(f"| {usage} | {ini} | {'' if default in (None, '') else default} | {option.help} |")
    return "\n".join(lines) + "\n"


def _usage(option: Option) -> str:
    if option.metavar is None:
        return ""
    return f" [{option.metavar}]" if option.const is not None else f" {option.metavar}"


if __name__ == "__main__":
    print(reference(), end="")
