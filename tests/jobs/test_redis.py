"""With Redis as the queue: jobs are done, and neither lost nor doubled when Redis loses what it held."""

from pathlib import Path

import pytest
from flask import Flask
from redis import Redis

from app.jobs.queue import Queue
from tests.jobs.workers import Workers, ask, wait_for
from tests.support import people
from tests.support.places import Place
from tests.support.redis import RedisServer

pytestmark = pytest.mark.served


def test_jobs_survive_a_redis_that_loses_everything(app: Flask, place: Place, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    with RedisServer() as redis:
        queue = Queue(place.data, redis.url, place.settings.secret_key)
        with Workers(place, REDIS_URL=redis.url) as workers:
            first = ask(app, people.VIEWER, "note_down", file=str(lines), number=1)
            queue.wake()
            queue.wake()
            wait_for(app, first, "done")
            redis.kill()
            queue.wake()  # nobody is there to take it, and nobody's request fails
            second = ask(app, people.VIEWER, "note_down", file=str(lines), number=2)
            redis.start()
            wait_for(app, second, "done")
            with Redis.from_url(redis.url) as client:
                client.lpush("huey.rainbow", b"not signed by this console")
            third = ask(app, people.VIEWER, "note_down", file=str(lines), number=3)
            queue.wake()
            wait_for(app, third, "done")
            assert workers.process.poll() is None
    assert lines.read_text() == "1\n2\n3\n"
