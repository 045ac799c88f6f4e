"""A directory server of the tests' own: OpenLDAP's slapd in a temporary folder, on free ports, with TLS."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ldap3 import Connection, Server

from tests.support.patience import PATIENCE
from tests.support.ports import free_port

SUFFIX: Final = "dc=caihong,dc=lyg"
ROOT_DN: Final = f"cn=root,{SUFFIX}"
SEARCH_DN: Final = f"cn=console,{SUFFIX}"
PASSWORD: Final = "a password of the directory"
_SCHEMAS: Final = ("core", "cosine", "inetorgperson", "nis")
_EC: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


class Authority:
    """Makes certificates: `ca` vouches for the servers, `other` for nobody the tests trust."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = self._authority("ca")
        self.other = self._authority("other")

    def _authority(self, name: str) -> Path:
        made = self.folder / f"{name}.pem"
        _openssl("req", "-x509", *_EC, "-keyout", f"{name}.key", "-out", made.name, "-days", "2",
                 "-subj", f"/CN={name} of the tests", folder=self.folder)  # fmt: skip
        return made

    def certificate(self, name: str, *, host: str = "localhost", by: str = "ca", days: int = 2) -> tuple[Path, Path]:
        """A certificate and its key; one of -1 days has expired."""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        _openssl("req", *_EC, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}",
                 folder=self.folder)  # fmt: skip
        _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-CAcreateserial",
                 "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem", folder=self.folder)  # fmt: skip
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


class Slapd:
    """A running server that holds the entries of an LDIF; leave its `with` block to stop it.

    `schema` are lines of slapd.conf that define what its entries have beyond the usual, `access` such as say who may
    read what, and how much.
    """

    def __init__(
        self, ldif: Iterable[str], certificate: tuple[Path, Path], *, schema: str = "", access: str = ""
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rn-ldap-"))
        self._ldif, self._schema, self._access = ldif, schema, access
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self.tls_port = free_port(), free_port()
        self.ldaps = f"ldaps://localhost:{self.tls_port}"
        self.ldap = f"ldap://localhost:{self.port}"

    def __enter__(self) -> Self:
        try:
            self._fill()
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(60)

    def freeze(self, frozen: bool = True) -> None:
        """Let the server take connections and answer nothing, or go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if frozen else signal.SIGCONT)

    @contextmanager
    def as_root(self) -> Iterator[Any]:
        """A connection that may change everything."""
        connection = Connection(Server("127.0.0.1", port=self.port), ROOT_DN, PASSWORD, auto_bind=True)
        yield connection
        connection.unbind()

    def _fill(self) -> None:
        (self._folder / "data").mkdir()
        certificate, key = self._certificate
        schemas = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in _SCHEMAS)
        (self._folder / "slapd.conf").write_text(f"""\
{schemas}{self._schema}modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {self._folder}/slapd.pid
argsfile {self._folder}/slapd.args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
sizelimit unlimited
database mdb
suffix "{SUFFIX}"
rootdn "{ROOT_DN}"
rootpw "{PASSWORD}"
directory {self._folder}/data
maxsize 268435456
dbnosync
index objectClass,uid,cn,member,uniqueMember eq
{self._access}
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
overlay ppolicy
""")
        ldif = self._folder / "city.ldif"
        with ldif.open("w", encoding="utf-8") as file:
            file.writelines(self._ldif)
        done = subprocess.run(
            [_program("slapadd"), "-q", "-f", self._folder / "slapd.conf", "-l", ldif],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"slapadd took not every entry:\n{done.stderr[-3000:]}")

    def _start(self) -> None:
        log = (self._folder / "slapd.log").open("wb")
        listen = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port}"
        # -d keeps it from becoming a daemon, so that it is known by its process id
        self._process = subprocess.Popen(
            [_program("slapd"), "-d", "0", "-h", listen, "-f", self._folder / "slapd.conf"],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip
        log.close()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 2).close()
            except OSError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self._folder / "slapd.log").read_text(errors="replace")
                    raise RuntimeError(f"slapd did not start:\n{said}") from error
                time.sleep(0.02)
            else:
                return


def _program(name: str) -> str:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin"))) or name


def _openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
