"""So many clients at once for so many seconds, in a process of its own: `python -m benchmarks.load PORT PATH …`."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time

from benchmarks.visit import Visit

WARM_UP = 1.0


def pages_per_second(visit: Visit, path: str, clients: int, seconds: float) -> float:
    """How many pages a second a console answers; raises RuntimeError if any answer is no page."""
    task = json.dumps({
        "port": visit.port, "cookies": visit.cookies, "path": path, "clients": clients, "seconds": seconds,
    })  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"], input=task, capture_output=True, text=True, check=False,
        timeout=seconds * 4 + 60,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    return float(done.stdout)


def _run() -> None:
    task = json.load(sys.stdin)
    began = time.perf_counter() + WARM_UP
    end = began + float(task["seconds"])
    counts = [0] * int(task["clients"])
    faults: list[str] = []

    def client(place: int) -> None:
        visit = Visit(int(task["port"]), task["cookies"])
        while (now := time.perf_counter()) < end and not faults:
            status, _body, _heads = visit.ask(task["path"])
            if status != 200:
                faults.append(f"{task['path']}: {status}")
            counts[place] += now >= began
        visit.close()

    threads = [threading.Thread(target=client, args=(place,)) for place in range(len(counts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        sys.exit(faults[0])
    print(sum(counts) / (time.perf_counter() - began))


if __name__ == "__main__":
    _run()
