"""A Redis server of the tests' own: a temporary folder, a free port, stopped by its process id."""

import shutil
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

from tests.support.patience import PATIENCE
from tests.support.ports import free_port


class RedisServer:
    """A running server; leave its `with` block to stop it and remove its folder."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._folder = tempfile.mkdtemp(prefix="rn-redis-")
        self.start()
        return self

    def start(self) -> None:
        """Start it, empty, at the same address as before."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
             "--dir", self._folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("Redis did not start")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def kill(self) -> None:
        """End it at once; what it held is lost."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(60)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)
