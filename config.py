"""The settings of one console, read once from the environment."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEMO_PASSWORD = "rainbow-demo-2003"  # noqa: S105 - published on purpose: the README prints it
CEILINGS = ("public", "internal", "secret", "confidential", "top_secret")
LANGUAGES = ("zh", "en")
LOG_LEVELS = ("debug", "info", "warning", "error")

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})
_SHORTEST_KEY = 32


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable, its value and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between one console and another."""

    # RAINBOW_DATA: folder of everything this console keeps outside a database server. Default ./var
    data: Path
    # DATABASE_URL: where the records are. sqlite:///… or postgresql://…; default: console.sqlite in the data folder
    database_url: str = field(repr=False)
    # HOST: the address to listen on. Default 127.0.0.1, so that nobody else reaches a console being tried out
    host: str = "127.0.0.1"
    # PORT: the TCP port to listen on, 0 to 65535; 0 takes a free one. Default 8080
    port: int = 8080
    # SECRET_KEY, or SECRET_KEY_FILE naming a file that holds it: signs sessions, so all processes share one.
    # At least 32 characters. Demo mode keeps a random one in the data folder; nothing else does without.
    secret_key: str = field(default="", repr=False)
    # RAINBOW_DEMO: 1 to show the demo accounts on the sign-in page and to load the demo rows. Default 0
    demo: bool = False
    # DEMO_PASSWORD: the password of all demo accounts
    demo_password: str = field(default=DEMO_PASSWORD, repr=False)
    # RAINBOW_CEILING: the highest classification this console may hold:
    # public, internal, secret, confidential or top_secret. Default internal
    ceiling: str = "internal"
    # RAINBOW_LANGUAGE: zh or en, for people who have not chosen. Default zh
    language: str = "zh"
    # RAINBOW_TIME_ZONE: the zone in which times are shown; the store keeps UTC. Default Asia/Shanghai
    time_zone: str = "Asia/Shanghai"
    # RAINBOW_MAX_UPLOAD_MB: the largest request body, 1 to 2048. Default 50
    max_upload_mb: int = 50
    # RAINBOW_WORKERS: serving processes, 1 to 64. Default 1 (SQLite has one writer at a time)
    workers: int = 1
    # RAINBOW_THREADS: threads of each serving process, 1 to 256. Default 8
    threads: int = 8
    # RAINBOW_LOG_LEVEL: debug, info, warning or error. Default info
    log_level: str = "info"
    # RAINBOW_IDLE_HOURS: a session unused for this long ends, 1 to 720. Default 8, a working day
    idle_hours: int = 8

    # RAINBOW_SIGN_IN_LIMIT: wrong passwords a minute, of one name from one address, 1 to 1000. Default 10
    sign_in_limit: int = 10
    # RAINBOW_API_LIMIT: REST requests a minute of one token or account, 1 to 1000000. Default 1200
    api_limit: int = 1200

    # REDIS_URL: redis://host:port/0, also rediss:// and unix://, carries the wake-ups of jobs; then `run.py worker` has
    # to be started beside the console. Default: an SQLite file in the data folder, and `serve` starts a worker itself
    redis_url: str = field(default="", repr=False)
    # RAINBOW_JOB_PROCESSES: worker processes of `run.py worker`, and of `run.py serve` without REDIS_URL, 0 to 32; with
    # 0 `serve` starts none. Default 1
    job_processes: int = 1
    # RAINBOW_JOB_THREADS: jobs that a worker process does at once, 1 to 32. Default 2
    job_threads: int = 2
    # RAINBOW_JOB_LEASE: seconds without a sign of life after which a job is taken up by another worker, 2 to 600.
    # Default 15
    job_lease: int = 15
    # RAINBOW_JOB_HOURS: hours after its end for which a job's files can be downloaded, 1 to 720. Default 24
    job_hours: int = 24

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read all settings; raise SettingsError for the first one that cannot be used."""
        env = os.environ if environ is None else environ
        data = Path(env.get("RAINBOW_DATA") or "var").expanduser().absolute()
        demo = _flag(env, "RAINBOW_DEMO")
        return cls(
            data=data,
            database_url=_database(env, data),
            host=env.get("HOST") or cls.host,
            port=_number(env, "PORT", cls.port, 0, 65535),
            secret_key=_secret(env, data, demo=demo),
            demo=demo,
            demo_password=env.get("DEMO_PASSWORD") or DEMO_PASSWORD,
            ceiling=_one_of(env, "RAINBOW_CEILING", cls.ceiling, CEILINGS),
            language=_one_of(env, "RAINBOW_LANGUAGE", cls.language, LANGUAGES),
            time_zone=_zone(env, "RAINBOW_TIME_ZONE", cls.time_zone),
            max_upload_mb=_number(env, "RAINBOW_MAX_UPLOAD_MB", cls.max_upload_mb, 1, 2048),
            workers=_number(env, "RAINBOW_WORKERS", cls.workers, 1, 64),
            threads=_number(env, "RAINBOW_THREADS", cls.threads, 1, 256),
            log_level=_one_of(env, "RAINBOW_LOG_LEVEL", cls.log_level, LOG_LEVELS),
            idle_hours=_number(env, "RAINBOW_IDLE_HOURS", cls.idle_hours, 1, 720),
            sign_in_limit=_number(env, "RAINBOW_SIGN_IN_LIMIT", cls.sign_in_limit, 1, 1000),
            api_limit=_number(env, "RAINBOW_API_LIMIT", cls.api_limit, 1, 1_000_000),
            redis_url=_redis(env),
            job_processes=_number(env, "RAINBOW_JOB_PROCESSES", cls.job_processes, 0, 32),
            job_threads=_number(env, "RAINBOW_JOB_THREADS", cls.job_threads, 1, 32),
            job_lease=_number(env, "RAINBOW_JOB_LEASE", cls.job_lease, 2, 600),
            job_hours=_number(env, "RAINBOW_JOB_HOURS", cls.job_hours, 1, 720),
        )

    @property
    def max_upload_bytes(self) -> int:
        """The largest request body, in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def on_sqlite(self) -> bool:
        """Whether the records are in an embedded SQLite file."""
        return self.database_url.startswith("sqlite")

    def problems_for_serving(self) -> list[str]:
        """Say what forbids serving with these settings, each with its remedy; empty when nothing does."""
        problems = []
        if not self.secret_key:
            problems.append(
                "SECRET_KEY is not set. Set it, or SECRET_KEY_FILE, to a random text of at least 32 characters, "
                "the same for every process; or set RAINBOW_DEMO=1 to try the console out."
            )
        elif not self.demo and len(self.secret_key) < _SHORTEST_KEY:
            problems.append(f"SECRET_KEY has {len(self.secret_key)} characters. Use at least {_SHORTEST_KEY}.")
        return problems


def _flag(env: Mapping[str, str], name: str) -> bool:
    value = env.get(name, "").strip().lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise SettingsError(f"{name} is {env[name]!r}. Use 1 or 0.")


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    # Digits of other scripts are decimal too, and int reads them; a setting is plain ASCII, and short.
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise SettingsError(f"{name} is {env[name]!r}. Use a whole number from {least} to {most}.")
    return int(text)


def _one_of(env: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = env.get(name, "").strip().lower() or default
    if value not in allowed:
        raise SettingsError(f"{name} is {env[name]!r}. Use one of {', '.join(allowed)}.")
    return value


def _zone(env: Mapping[str, str], name: str, default: str) -> str:
    value = env.get(name, "").strip() or default
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"{name} is {value!r}. Use the name of a time zone, such as {default}.") from error
    return value


def _database(env: Mapping[str, str], data: Path) -> str:
    url = env.get("DATABASE_URL", "").strip()
    if not url:
        return f"sqlite:///{data / 'console.sqlite'}"
    scheme, separator, rest = url.partition("://")
    if separator and scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        return f"postgresql+psycopg://{rest}"
    if separator and scheme == "sqlite" and rest.strip("/"):
        return url
    # The value may hold a password, so only its scheme is repeated.
    raise SettingsError(
        f"DATABASE_URL starts with {scheme[:20]!r}. Use sqlite:///path/to/file or postgresql://user:password@host/name."
    )


def _redis(env: Mapping[str, str]) -> str:
    url = env.get("REDIS_URL", "").strip()
    scheme, separator, rest = url.partition("://")
    if url and not (separator and scheme in {"redis", "rediss", "unix"} and rest.strip("/")):
        # as above: it may hold a password
        raise SettingsError(f"REDIS_URL starts with {scheme[:20]!r}. Use redis://host:port/0, rediss:// or unix://.")
    return url


def _secret(env: Mapping[str, str], data: Path, *, demo: bool) -> str:
    key = env.get("SECRET_KEY", "").strip()
    file = env.get("SECRET_KEY_FILE", "").strip()
    if key and file:
        raise SettingsError("SECRET_KEY and SECRET_KEY_FILE are both set. Use one of them.")
    if file:
        try:
            key = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"SECRET_KEY_FILE is {file!r}, which cannot be read: {error}.") from error
        if not key:
            raise SettingsError(f"SECRET_KEY_FILE is {file!r}, which is empty. Put a random text into it.")
    if not key and demo:
        key = _kept_key(data / "secret.key")
    return key


def _kept_key(path: Path) -> str:
    """Return the key kept at this path; make it, readable by its owner alone, when it is not there yet."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        if not path.exists():
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            try:
                # A link fails where the name is taken: of two processes that start at once, one key stays.
                path.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"RAINBOW_DATA is {str(path.parent)!r}, which cannot be used: {error}.") from error
