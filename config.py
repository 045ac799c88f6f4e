"""The settings of one console, read once from the environment."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEMO_PASSWORD = "rainbow-demo-2003"  # noqa: S105 - published on purpose: the README prints it
CEILINGS = ("public", "internal", "secret", "confidential", "top_secret")
LANGUAGES = ("zh", "en")
LOG_LEVELS = ("debug", "info", "warning", "error")
LAYOUTS = ("openldap", "active-directory")
GROUP_WAYS = ("member", "memberof", "in-chain")
PLAIN_TEXT = "passwords-may-be-read-on-the-wire"

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"", "0", "false", "no", "off"})
_SHORTEST_KEY = 32
_HOST_NAME = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)
_LDAP_URL = re.compile(r"ldaps?://(\[[0-9a-fA-F:]+\]|[\w.-]+)(:\d{1,5})?/?", re.ASCII)


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable, its value and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class DirectorySettings:
    """The directory (LDAP) whose accounts people sign in with."""

    # RAINBOW_LDAP_URLS: its servers, in the order they are asked: ldaps://host (TLS from the start) or ldap://host
    # (STARTTLS), each with :port where it is another than 636 or 389. Without them there is no directory
    urls: tuple[str, ...]
    # RAINBOW_LDAP_CA_FILE: the certificates (PEM) that vouch for the servers. Default: those of the operating system
    ca_file: str = ""
    # RAINBOW_LDAP_WITHOUT_TLS: passwords-may-be-read-on-the-wire, in these words: ldap:// stays plain. Default: refused
    without_tls: bool = False
    # RAINBOW_LDAP_LAYOUT: openldap or active-directory, which decides the defaults below. Default openldap
    layout: str = "openldap"
    # RAINBOW_LDAP_BASE: the distinguished name below which people are
    base: str = ""
    # RAINBOW_LDAP_GROUP_BASE: the one below which groups are. Default: that of people
    group_base: str = ""
    # RAINBOW_LDAP_BIND_DN, and RAINBOW_LDAP_BIND_PASSWORD or RAINBOW_LDAP_BIND_PASSWORD_FILE: the account that searches
    bind_dn: str = ""
    bind_password: str = field(default="", repr=False)
    # RAINBOW_LDAP_DIRECT: a pattern that makes the name to bind by out of the user name, instead of searching for it
    # first: uid={},ou=people,dc=city,dc=gov or {}@city.gov
    direct: str = ""
    # RAINBOW_LDAP_FILTER: which entries are people, as a filter. Default by layout
    filter: str = ""
    # RAINBOW_LDAP_NAME: the attribute that holds the user name. Default uid, or sAMAccountName
    name: str = ""
    # RAINBOW_LDAP_GROUPS: how the groups of a person are found, nested ones too: member (groups name their members),
    # memberof (entries name their groups) or in-chain (Active Directory's own rule). Default member, or in-chain
    groups: str = ""
    # RAINBOW_LDAP_UNIT: the attribute that names a person's unit, or ou for the organisational units the entry lies in
    unit: str = "ou"
    # RAINBOW_LDAP_CLEARANCE: the attribute that names a person's clearance. Default: none, everybody has internal
    clearance: str = ""
    # RAINBOW_LDAP_CONNECT_SECONDS: how long a server may take to accept a connection, 1 to 60. Default 3
    connect_seconds: int = 3
    # RAINBOW_LDAP_SECONDS: how long a server may take for all it is asked at one sign-in, 1 to 120. Default 6
    seconds: int = 6
    # RAINBOW_LDAP_LOCAL: the one account that signs in with a password kept here, for when the directory is down
    local: str = ""
    # RAINBOW_LDAP_MOST_GONE: how many percent of the accounts one synchronisation may disable by itself, 0 to 100.
    # Default 10
    most_gone: int = 10
    # RAINBOW_LDAP_SYNC_HOURS: after how many hours accounts are brought up to date with the directory by themselves, 0
    # to 720; 0 is never. Default 24, where RAINBOW_LDAP_BIND_DN is set
    sync_hours: int = 24


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between one console and another."""

    # RAINBOW_DATA: folder of everything this console keeps outside a database server. Default ./var
    data: Path
    # DATABASE_URL, or DATABASE_URL_FILE naming a file that holds it: where the records are. sqlite:///… or
    # postgresql://…; default: console.sqlite in the data folder
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
    # RAINBOW_SESSION_HOURS: a session ends this long after signing in, however much it is used, 1 to 720. Default 12
    session_hours: int = 12
    # RAINBOW_PASSWORD_LENGTH: the fewest characters of a password, 12 to 64. Default 12
    password_length: int = 12
    # RAINBOW_TLS: 1 where browsers reach this console by https: its cookies are then sent by no other way. Default 0
    tls: bool = False
    # RAINBOW_TRUSTED_PROXIES: the addresses or networks of the proxies before this console, such as 127.0.0.1
    # 10.1.0.0/24. What they say of the browser's address, name and https is believed, of nobody else. Default: nobody
    trusted_proxies: tuple[str, ...] = ()
    # RAINBOW_HOSTS: the names that browsers reach this console by, such as console.city.gov; any other is refused.
    # Default: any address, localhost, and the machine's own name
    hosts: tuple[str, ...] = ()

    # RAINBOW_SIGN_IN_LIMIT: wrong tries of one name from one address before the next has to wait, 1 to 1000: 1 s, 2 s,
    # 4 s, up to 256 s. Twice as many of one name from anywhere, ten times as many from one address. Default 5
    sign_in_limit: int = 5
    # RAINBOW_API_LIMIT: REST requests a minute of one token or account, 1 to 1000000. Default 1200
    api_limit: int = 1200
    # The directory that people sign in with, if there is one; its settings start with RAINBOW_LDAP_
    directory: DirectorySettings | None = None

    # REDIS_URL, or REDIS_URL_FILE naming a file that holds it: redis://host:port/0, also rediss:// and unix://, carries
    # the wake-ups of jobs; then `run.py worker` has to be started beside the console. Default: an SQLite file in the
    # data folder, and `serve` starts a worker itself
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
    # RAINBOW_IMPORT_DAYS: days for which an import can be undone, and its file is kept, 1 to 366. Default 30
    import_days: int = 30

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
            session_hours=_number(env, "RAINBOW_SESSION_HOURS", cls.session_hours, 1, 720),
            password_length=_number(env, "RAINBOW_PASSWORD_LENGTH", cls.password_length, 12, 64),
            tls=_flag(env, "RAINBOW_TLS"),
            trusted_proxies=_networks(env, "RAINBOW_TRUSTED_PROXIES"),
            hosts=_names(env, "RAINBOW_HOSTS"),
            sign_in_limit=_number(env, "RAINBOW_SIGN_IN_LIMIT", cls.sign_in_limit, 1, 1000),
            api_limit=_number(env, "RAINBOW_API_LIMIT", cls.api_limit, 1, 1_000_000),
            directory=_directory(env),
            redis_url=_redis(env),
            job_processes=_number(env, "RAINBOW_JOB_PROCESSES", cls.job_processes, 0, 32),
            job_threads=_number(env, "RAINBOW_JOB_THREADS", cls.job_threads, 1, 32),
            job_lease=_number(env, "RAINBOW_JOB_LEASE", cls.job_lease, 2, 600),
            job_hours=_number(env, "RAINBOW_JOB_HOURS", cls.job_hours, 1, 720),
            import_days=_number(env, "RAINBOW_IMPORT_DAYS", cls.import_days, 1, 366),
        )

    @property
    def max_upload_bytes(self) -> int:
        """The largest request body, in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def published_passwords(self) -> tuple[str, ...]:
        """What nobody may have for a password, as everybody knows it."""
        return () if self.demo else (DEMO_PASSWORD,)

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


def _list(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The parts of a setting that holds several, with spaces or commas between."""
    return tuple(env.get(name, "").replace(",", " ").split())


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = []
    for text in _list(env, name):
        try:
            found.append(str(ip_network(text)))
        except ValueError as error:
            raise SettingsError(
                f"{name} holds {text!r}. Use addresses or networks, such as 127.0.0.1 10.1.0.0/24."
            ) from error
    return tuple(found)


def _names(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(text.lower().rstrip(".") for text in _list(env, name))
    for text in found:
        if not _HOST_NAME.fullmatch(text):
            raise SettingsError(f"{name} holds {text!r}. Use names without port, such as console.city.gov.")
    return tuple(one.strip("[]") for one in found)


def _database(env: Mapping[str, str], data: Path) -> str:
    url = _text_or_file(env, "DATABASE_URL")
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
    url = _text_or_file(env, "REDIS_URL")
    scheme, separator, rest = url.partition("://")
    if url and not (separator and scheme in {"redis", "rediss", "unix"} and rest.strip("/")):
        # as above: it may hold a password
        raise SettingsError(f"REDIS_URL starts with {scheme[:20]!r}. Use redis://host:port/0, rediss:// or unix://.")
    return url


def _directory(env: Mapping[str, str]) -> DirectorySettings | None:
    urls = tuple(env.get("RAINBOW_LDAP_URLS", "").split())
    if not urls:
        return None
    for url in urls:
        if not _LDAP_URL.fullmatch(url):
            raise SettingsError(
                f"RAINBOW_LDAP_URLS holds {url!r}. Use ldaps://host or ldap://host, with :port if needed."
            )
    spoken = env.get("RAINBOW_LDAP_WITHOUT_TLS", "").strip()
    if spoken not in ("", PLAIN_TEXT):
        raise SettingsError(
            f"RAINBOW_LDAP_WITHOUT_TLS is {spoken!r}. Leave it out, or say in as many words {PLAIN_TEXT}."
        )
    layout = _one_of(env, "RAINBOW_LDAP_LAYOUT", "openldap", LAYOUTS)
    openldap = layout == "openldap"
    texts = {
        name: env.get(f"RAINBOW_LDAP_{name.upper()}", "").strip()
        for name in ("base", "group_base", "bind_dn", "direct", "filter", "name", "clearance", "local", "ca_file")
    }
    if not texts["base"]:
        raise SettingsError(
            "RAINBOW_LDAP_BASE is not set. Name what people are below, such as ou=people,dc=city,dc=gov."
        )
    if not texts["bind_dn"] and not texts["direct"]:
        raise SettingsError(
            "Neither RAINBOW_LDAP_BIND_DN nor RAINBOW_LDAP_DIRECT is set. Name the account that searches, or the "
            "pattern that people bind by, such as {}@city.gov."
        )
    if texts["direct"] and texts["direct"].count("{}") != 1:
        raise SettingsError(f"RAINBOW_LDAP_DIRECT is {texts['direct']!r}. It has {{}} once, where the user name goes.")
    password = _text_or_file(env, "RAINBOW_LDAP_BIND_PASSWORD")
    if texts["bind_dn"] and not password:
        raise SettingsError("RAINBOW_LDAP_BIND_DN has no password. Set RAINBOW_LDAP_BIND_PASSWORD or …_PASSWORD_FILE.")
    if texts["ca_file"] and not Path(texts["ca_file"]).expanduser().is_file():
        raise SettingsError(f"RAINBOW_LDAP_CA_FILE is {texts['ca_file']!r}, where there is no file.")
    texts["group_base"] = texts["group_base"] or texts["base"]
    texts["name"] = texts["name"] or ("uid" if openldap else "sAMAccountName")
    texts["filter"] = texts["filter"] or (
        "(objectClass=inetOrgPerson)" if openldap else "(&(objectCategory=person)(objectClass=user))"
    )
    return DirectorySettings(
        urls=urls,
        without_tls=spoken == PLAIN_TEXT,
        layout=layout,
        bind_password=password,
        groups=_one_of(env, "RAINBOW_LDAP_GROUPS", "member" if openldap else "in-chain", GROUP_WAYS),
        unit=env.get("RAINBOW_LDAP_UNIT", "").strip() or "ou",
        connect_seconds=_number(env, "RAINBOW_LDAP_CONNECT_SECONDS", 3, 1, 60),
        seconds=_number(env, "RAINBOW_LDAP_SECONDS", 6, 1, 120),
        most_gone=_number(env, "RAINBOW_LDAP_MOST_GONE", 10, 0, 100),
        sync_hours=_number(env, "RAINBOW_LDAP_SYNC_HOURS", 24, 0, 720),
        **texts,
    )


def _text_or_file(env: Mapping[str, str], name: str) -> str:
    """A secret that stands in the environment, or in the file that the environment names."""
    text, file = env.get(name, "").strip(), env.get(f"{name}_FILE", "").strip()
    if text and file:
        raise SettingsError(f"{name} and {name}_FILE are both set. Use one of them.")
    if file:
        try:
            text = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{name}_FILE is {file!r}, which cannot be read: {error}.") from error
        if not text:
            raise SettingsError(f"{name}_FILE is {file!r}, which is empty. Put the secret into it.")
    return text


def _secret(env: Mapping[str, str], data: Path, *, demo: bool) -> str:
    key = _text_or_file(env, "SECRET_KEY")
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
