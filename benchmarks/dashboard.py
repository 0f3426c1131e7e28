"""Is the dashboard fast, and does training not feel it? Each figure stands beside its target.

The screen runs in a real terminal (a pseudo-terminal, 120×40), a process of its own. Run it on an idle machine:

    python benchmarks/dashboard.py
    python benchmarks/dashboard.py --steps 1000000 --only long
    python benchmarks/dashboard.py --minutes 60 --only hour
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.labeling.terminal import Terminal  # noqa: E402
from tests.screens.run_record import evaluation, say_training, started, step  # noqa: E402
from txt.charts.plot import draw_bars, draw_field_chart  # noqa: E402
from txt.charts.plot_view import Scene  # noqa: E402
from txt.charts.raster import Ink  # noqa: E402
from txt.charts.raster import Line as Curve  # noqa: E402
from txt.charts.run_plots import PLOTS  # noqa: E402
from txt.charts.ticks import build_number_axis  # noqa: E402
from txt.config import PrepareConfig, TrainConfig  # noqa: E402
from txt.data.prepare import prepare  # noqa: E402
from txt.data.prepared import Prepared  # noqa: E402
from txt.data.sample import find_sample_file  # noqa: E402
from txt.files import encode_line  # noqa: E402
from txt.recipes import PRESETS  # noqa: E402
from txt.runs.event_index import VALUES, index_path, pack_row  # noqa: E402
from txt.runs.events import Evaluation, Started, Step  # noqa: E402
from txt.runs.feed import RunFeed  # noqa: E402
from txt.runs.folder import EventLog, Run  # noqa: E402
from txt.runs.live import WatchedRun  # noqa: E402
from txt.screens.dashboard.panels import PLOT_NAMES  # noqa: E402
from txt.training.control import PAUSE, RESUME, send_command  # noqa: E402
from txt.training.process import start_trainer  # noqa: E402

Line = tuple[str, str, str]
TXT = [sys.executable, "-m", "txt"]


def new_run(folder: Path, name: str) -> Run:
    run = Run(folder / "runs" / name)
    run.path.mkdir(parents=True)
    run.describe(TrainConfig(num_epochs=5), folder / "prepared", "f")
    return run


def make_record(folder: Path, steps: int) -> Run:
    """Write the record of a run of so many steps, with an evaluation every 500, and its table."""
    run = new_run(folder, f"steps-{steps}")
    offset = 0
    with run.events_path.open("wb") as events, index_path(run.events_path).open("wb") as table:

        def put(value: dict[str, object]) -> None:
            nonlocal offset
            line = encode_line(value)
            events.write(line)
            table.write(pack_row(offset, value))
            offset += len(line)

        put(started().to_json() | {"total_steps": steps, "steps_per_epoch": steps // 5})
        shapes = [step(number % 200 + 1).to_json() for number in range(200)]
        for number in range(1, steps + 1):
            put(shapes[number % 200] | {"step": number, "time": 1.7e9 + number * 0.01, "epoch": 5 * number / steps})
            if number % 500 == 0:
                scored = evaluation(40 * (1 + number % 5)).to_json()
                put(scored | {"step": number, "time": 1.7e9 + number * 0.01, "epoch": 5 * number / steps})
    return run


def open_dashboard(run: Run) -> Terminal:
    return Terminal([*TXT, "watch", str(run.path)], columns=120, lines=40)


def memory(pid: int, kind: str = "VmRSS") -> float:
    """Return the MB that a process has in memory, or with `VmHWM` had at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(kind))) / 1000


def million(folder: Path) -> Iterator[Line]:
    """As many numbers as 20 metrics of 50,000 steps."""
    steps = 20 * 50_000 // len(VALUES)
    run = make_record(folder, steps)
    what = f"{steps:,} steps of {len(VALUES)} numbers (a million)"
    begun = time.perf_counter()
    scene = Scene(read_whole_record(run))
    drawn = [PLOTS[name](scene, 57, 13) for name in PLOT_NAMES[:4]]
    assert all(len(plot) == 13 for plot in drawn)
    yield f"{what}, read and drawn", "0.4 s", f"{time.perf_counter() - begun:.2f} s"
    yield f"{what}, from the command to the screen", "–", f"{measure_opening(run)[0]:.2f} s"
    yield "a frame of four plots, 120×40, processor time, p50 / p95", "12 ms", frames(scene)


def read_whole_record(run: Run) -> WatchedRun:
    watched = WatchedRun(run)
    watched.look()
    while watched.share < 1.0:
        watched.look()
    return watched


def frames(scene: Scene, count: int = 100) -> str:
    times = []
    for _ in range(count):
        begun = time.process_time()
        for name in PLOT_NAMES[:4]:
            PLOTS[name](scene, 57, 13)
        times.append(1000 * (time.process_time() - begun))
    return f"{statistics.median(times):.1f} / {statistics.quantiles(times, n=20)[-1]:.1f} ms"


def measure_opening(run: Run) -> tuple[float, float]:
    """Return after how many seconds the whole record is on the screen, and the MB that its process had at most."""
    begun = time.perf_counter()
    with open_dashboard(run) as terminal:
        steps = int(run.name.rpartition("-")[2])
        seconds = terminal.wait_for(f"{steps:,}/{steps:,}".encode(), 120) - begun
        return seconds, memory(terminal.pid, "VmHWM")


def renderer(_folder: Path, curves: int = 4) -> Iterator[Line]:
    """Our Braille raster beside plotext, for the same curves in the same room."""
    import plotext

    rng = np.random.default_rng(0)
    for points in (100, 1000, 10_000):
        xs = np.arange(points, dtype=float)
        ys = [np.cumsum(rng.normal(size=points)) for _ in range(curves)]
        low, high = min(map(np.min, ys)), max(map(np.max, ys))
        across, up = build_number_axis(0, points, 5), build_number_axis(low, high, 6)

        def draw_ours(xs=xs, ys=ys, across=across, up=up) -> None:
            draw_field_chart([Curve(xs, each, Ink("blue")) for each in ys], 57, 13, across, up)

        def draw_plotext(xs=xs, ys=ys) -> None:
            plotext.clear_figure()
            plotext.plotsize(57, 13)
            for each in ys:
                plotext.plot(xs.tolist(), each.tolist(), marker="braille")
            plotext.build()

        taken = [f"{1000 * min(measure(draw) for _ in range(3)):.1f}" for draw in (draw_ours, draw_plotext)]
        what = f"{curves} curves of {points:,} points, 57×13: ours; plotext, processor time"
        yield what, "–", " ms; ".join(taken) + " ms"
    counts = {f"class {number:02}": 500 - 6 * number for number in range(77)}

    def draw_with(draw: Callable[..., object], **options: str) -> None:
        plotext.clear_figure()
        plotext.plotsize(70, 77)
        draw(list(counts), list(counts.values()), **options)
        plotext.build()

    drawings = (
        lambda: draw_bars(counts, 70),
        lambda: draw_with(plotext.bar, orientation="h"),
        lambda: draw_with(plotext.simple_bar),
    )
    taken = [f"{1000 * min(measure(draw) for _ in range(5)):.1f}" for draw in drawings]
    yield "77 bars, 70×77: ours; plotext.bar; plotext.simple_bar, processor time", "–", " ms; ".join(taken) + " ms"
    plotext.clear_figure()


def measure(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def long(folder: Path, steps: int) -> Iterator[Line]:
    """Ten million steps."""
    run = make_record(folder, steps)
    begun = time.perf_counter()
    watched = read_whole_record(run)
    yield f"{steps:,} steps, read", "1 s", f"{time.perf_counter() - begun:.2f} s"
    assert watched.last_step == steps
    seconds, used = measure_opening(run)
    yield f"{steps:,} steps, from the command to the screen", "–", f"{seconds:.2f} s"
    yield f"{steps:,} steps, peak memory of the screen", "300 MB", f"{used:.0f} MB"


def delay(folder: Path, count: int = 20) -> Iterator[Line]:
    """From an event written to its point on the screen."""
    run = new_run(folder, "delay")
    times = []
    with EventLog(run) as log:
        log.write(started())
        log.write(step(1))
        say_training(run)
        with open_dashboard(run) as terminal:
            terminal.wait_for(b"step 1/200")
            time.sleep(1)
            for number in range(2, 2 + count):
                time.sleep(0.3 + 0.037 * number % 0.25)
                terminal.send(b"")
                say_training(run)
                log.write(step(number))
                written = time.perf_counter()
                times.append(terminal.wait_for(f"{number}/200".encode()) - written)
    yield "event written to painted, p50 / worst", "0.5 s", f"{statistics.median(times):.2f} / {max(times):.2f} s"


def measure_attached(folder: Path, rounds: int) -> Iterator[Line]:
    """Rows a second of one training, with the dashboard and without, in turns."""
    prepare(find_sample_file("reviews.csv"), PrepareConfig(vocab_size=400), folder / "prepared")
    run = Run(folder / "runs" / "attached")
    run.path.mkdir(parents=True)
    config = TrainConfig(num_epochs=100_000, log_interval=1, eval_interval=0).with_options(**PRESETS["tiny"])
    run.describe(config, folder / "prepared", Prepared.open(folder / "prepared").fingerprint)
    trainer = start_trainer(run)
    try:
        feed = RunFeed(run.events_path)
        while not len(feed.look().steps):
            time.sleep(0.2)
        ratios, answers = [], []
        for _ in range(rounds):
            alone = pace(feed, 5.0)
            with open_dashboard(run) as terminal:
                terminal.wait_for(b"rows/s", 60)
                time.sleep(1)
                ratios.append(pace(feed, 5.0) / alone)
            answers.append(count_steps_to_answer(run, feed))
        low, high = min(ratios), max(ratios)
        told = f"{statistics.median(ratios):.3f} [{low:.2f}, {high:.2f}]"
        yield "rows/s with the dashboard, of those without", "0.97", told
        yield "a command is acknowledged after", "1 step", f"{max(answers)} steps at most"
    finally:
        trainer.process.kill()
        trainer.wait()


def pace(feed: RunFeed, seconds: float) -> float:
    """Return the steps a second over some seconds."""
    while feed.look():
        pass
    begun = time.perf_counter()
    time.sleep(seconds)
    count = 0
    while news := feed.look():
        count += len(news.steps)
    return count / (time.perf_counter() - begun)


def count_steps_to_answer(run: Run, feed: RunFeed) -> int:
    """Pause and go on, and return how many steps were recorded between sending and the answer."""
    while feed.look():
        pass
    number = send_command(run, PAUSE)
    steps = 0
    while True:
        news = feed.look()
        for place, event in news.others:
            if getattr(event, "number", "") == number:
                send_command(run, RESUME)
                return steps + place
        steps += len(news.steps)


def hour(folder: Path, minutes: float, rate: float = 10.0) -> Iterator[Line]:
    """Memory and processor time of the screen in the time of a real training, whose record grows `rate` steps a second.

    The record is of a run of that length: its curves are drawn over all of it. Each minute is told on stderr.
    """
    run = new_run(folder, "hour")
    total = round(minutes * 60 * rate)
    sizes, shares = [], []
    with EventLog(run) as log, open_dashboard(run) as terminal:
        log.write(Started(**vars(started()) | {"time": time.time(), "total_steps": total, "steps_per_epoch": total}))
        begun, spent, minute = time.perf_counter(), processor_seconds(terminal.pid), 0
        for number in range(1, total + 1):
            time.sleep(max(begun + number / rate - time.perf_counter(), 0))
            put_step(log, number, number / total)
            if number % round(rate) == 0:
                say_training(run)
            terminal.send(b"")
            if time.perf_counter() - begun >= 60 * (minute + 1):
                minute += 1
                sizes.append(memory(terminal.pid))
                now = processor_seconds(terminal.pid)
                shares.append((now - spent) / 60)
                spent = now
                print(f"minute {minute}: {sizes[-1]:.1f} MB, {shares[-1]:.1%} of a core", file=sys.stderr, flush=True)
    told = f"{sizes[len(sizes) // 10]:.0f} → {sizes[-1]:.0f} MB" if len(sizes) > 1 else "too short to say"
    yield f"memory of the screen over {minutes:g} minutes, from a tenth of it on", "flat", told
    if shares:
        yield (
            "processor time meanwhile, median and worst minute",
            "–",
            f"{statistics.median(shares):.1%} / {max(shares):.1%}",
        )


def share(folder: Path, seconds: float = 20.0) -> Iterator[Line]:
    """Processor time of the screen while the record of a run of 10,000 steps grows slowly, as usual, and fast.

    Where all cores train, each waits for what the screen takes from one: 0.97 of the rows a second allow it some 3 %.
    """
    for rate in (2, 10, 50):
        run = new_run(folder, f"share-{rate}")
        with EventLog(run) as log, open_dashboard(run) as terminal:
            log.write(
                Started(**vars(started()) | {"time": time.time(), "total_steps": 10_000, "steps_per_epoch": 2000})
            )
            put_step(log, 1, 0.0)
            say_training(run)
            terminal.wait_for(b"rows/s", 300)
            time.sleep(2)
            begun, spent = time.perf_counter(), processor_seconds(terminal.pid)
            for number in range(2, round(rate * seconds) + 2):
                put_step(log, number, number / 2000)
                if number % rate == 0:
                    say_training(run)
                terminal.send(b"")
                time.sleep(max(begun + (number - 1) / rate - time.perf_counter(), 0))
            used = (processor_seconds(terminal.pid) - spent) / (time.perf_counter() - begun)
        yield f"processor time of the screen at {rate} steps a second, of a core", "3%", f"{used:.1%}"


def put_step(log: EventLog, number: int, epoch: float) -> None:
    """Write a step, and an evaluation after every 500."""
    now = {"time": time.time(), "step": number, "epoch": epoch}
    log.write(Step(**vars(step(number % 200 + 1)) | now))
    if number % 500 == 0:
        log.write(Evaluation(**vars(evaluation(40 * (1 + number // 500 % 5))) | now))


def processor_seconds(pid: int) -> float:
    """Return the seconds of a core that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000_000, help="of the long run")
    parser.add_argument("--minutes", type=float, default=3.0, help="that memory is watched")
    parser.add_argument("--rounds", type=int, default=5, help="with the dashboard and without")
    parser.add_argument("--only", choices=["million", "renderer", "long", "delay", "share", "attached", "hour"])
    chosen = parser.parse_args()
    parts: dict[str, Callable[[Path], Iterator[Line]]] = {
        "million": million,
        "renderer": renderer,
        "long": lambda folder: long(folder, chosen.steps),
        "delay": delay,
        "share": share,
        "attached": lambda folder: measure_attached(folder, chosen.rounds),
        "hour": lambda folder: hour(folder, chosen.minutes),
    }
    print(describe_machine())
    print("\n| what | target | measured |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        for part, measure in parts.items():
            if chosen.only in (None, part):
                for line in measure(Path(name)):
                    print(f"| {' | '.join(line)} |", flush=True)


if __name__ == "__main__":
    main()
