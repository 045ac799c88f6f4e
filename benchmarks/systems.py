"""The consoles under measurement: how each is served, signed in to, and asked for the same pages."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.visit import Visit
from tests.support.people import PASSWORD, POLICE
from tests.support.places import Place
from tests.support.ports import free_port
from tests.support.served import ServedAlone

HERE = Path(__file__).resolve().parent
AREA = "320722"
WORD, RARER = "建国", "周海"
"""What is searched for: a given name as most have one (5,927 of 1,000,000 rows); a surname with what follows (425)."""
PEER_PASSWORD = ("bench", "bench-password")
OURS = "Rainbow Net"
WORKERS = 2
SETTLED = 8.0
"""Seconds after which a console has started all that it does beside answering."""


def searches(named: str, anybody: str = "") -> dict[str, str]:
    """The pages of searches by measure: these addresses look into the name, or into number, name and address."""
    found = {"search": f"{named}{WORD}", "rarer": f"{named}{RARER}"}
    return found | ({"anybody": f"{anybody}{WORD}", "rarer_anybody": f"{anybody}{RARER}"} if anybody else {})


@dataclass(frozen=True)
class Console:
    """A served console with somebody signed in; `paths` are its pages by measure."""

    name: str
    visit: Visit
    paths: Mapping[str, str]


@contextmanager
def ours(place: Place, name: str = OURS) -> Iterator[Console]:
    """Our console at a place, with the registrar of residents signed in."""
    options = {"RAINBOW_WORKERS": str(WORKERS), "RAINBOW_THREADS": "2", "RAINBOW_API_LIMIT": "1000000"}
    with ServedAlone(place, **options) as served:
        visit = Visit(served.port)
        visit.sign_in("/login/", POLICE, PASSWORD)
        path = "/records/resident/"
        yield Console(name, visit, {
            "first": path, "last": f"{path}?last=1", "filter": f"{path}?area={AREA}", "order": f"{path}?order=name",
            "edit": f"{path}5/edit", **searches(f"{path}?q=", f"{path}?q="),
        })  # fmt: skip
        visit.close()


@contextmanager
def rest(place: Place) -> Iterator[Console]:
    """Our REST interface at a place, with a bearer token."""
    with ServedAlone(place, RAINBOW_WORKERS=str(WORKERS), RAINBOW_API_LIMIT="1000000") as served:
        visit = Visit(served.port)
        visit.sign_in_for_token("/api/v1/security/login", POLICE, PASSWORD)
        path = "/api/v1/resident/?limit=100"
        # nothing else is asked before it: what the console starts beside its pages, jobs above all, is waited for
        end = time.monotonic() + SETTLED
        while time.monotonic() < end:
            visit.ask(path)
        yield Console(f"{OURS} REST", visit, {"rest": path})
        visit.close()


@dataclass(frozen=True)
class Peer:
    """How a peer is served and where its pages are; `{last}` stands for the number of its last page."""

    name: str
    module: str
    login: str
    paths: Mapping[str, str]
    worker: str = "sync"
    first_page: int = 0
    set_up: bool = False


PEERS = (
    Peer("Django admin", "django_site", "/admin/login/", {
        "first": "/admin/registry/resident/", "last": "/admin/registry/resident/?p={last}",
        "filter": f"/admin/registry/resident/?area__exact={AREA}", "order": "/admin/registry/resident/?o=2",
        "edit": "/admin/registry/resident/5/change/",
        **searches("/admin/registry/resident/?q=", "/admin/registry/anybody/?q="),
    }, first_page=1, set_up=True),
    Peer("Flask-Admin", "flask_admin_site", "/login/", {
        "first": "/admin/resident/", "last": "/admin/resident/?page={last}",
        "filter": f"/admin/resident/?flt0_0={AREA}", "order": "/admin/resident/?sort=1",
        "edit": "/admin/resident/edit/?id=5", **searches("/admin/resident/?search=", "/admin/anybody/?search="),
    }),
    Peer("sqladmin", "sqladmin_site", "/admin/login", {
        "first": "/admin/resident/list", "last": "/admin/resident/list?page={last}",
        "filter": f"/admin/resident/list?area={AREA}", "order": "/admin/resident/list?sortBy=name&sort=asc",
        "edit": "/admin/resident/edit/5", **searches("/admin/resident/list?search="),
    }, worker="uvicorn_worker.UvicornWorker", first_page=1),
    Peer("stock FAB", "fab_site", "/login/", {
        "first": "/residentview/list/", "last": "/residentview/list/?page_ResidentView={last}",
        "filter": f"/residentview/list/?_flt_3_area={AREA}", "edit": "/residentview/edit/5",
        "order": "/residentview/list/?_oc_ResidentView=name&_od_ResidentView=asc",
        **searches("/residentview/list/?_flt_2_name="),
    }, set_up=True),
)  # fmt: skip


def peer_env(url: str) -> dict[str, str]:
    """The environment of a peer's process at this database."""
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "TMPDIR")}
    return {**kept, "DATABASE_URL": url, "PYTHONPATH": str(HERE / "peers"), "PYTHONWARNINGS": "ignore"}


@contextmanager
def served_peer(peer: Peer, python: Path, url: str, rows: int, folder: Path) -> Iterator[Console]:
    """A peer served by gunicorn, signed in to."""
    if peer.set_up:
        _call([str(python), f"{peer.module}.py", "setup"], url)
    port = free_port()
    log = folder / f"{peer.module}-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(python), "-m", "gunicorn", "--workers", str(WORKERS), "--worker-class", peer.worker,
             "--no-control-socket", "--bind", f"127.0.0.1:{port}", f"{peer.module}:application"],
            cwd=HERE / "peers", env=peer_env(url), stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        visit = Visit(port)
        _wait(visit, peer.login, process, log)
        visit.sign_in(peer.login, *PEER_PASSWORD)
        last = str(-(-rows // 50) - 1 + peer.first_page)
        paths = {name: path.replace("{last}", last) for name, path in peer.paths.items()}
        yield Console(peer.name, visit, paths)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def _call(command: list[str], url: str) -> None:
    done = subprocess.run(
        command, cwd=HERE / "peers", env=peer_env(url), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def _wait(visit: Visit, path: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            if visit.ask(path)[0] == 200:
                return
        except OSError:
            visit.close()
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{path} did not come up:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.1)
