"""Small stand-ins for what the engine is fetched from and made of: archives, a download site, `mvn`, a JDK."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from indexer.engine.pins import VERSION

TOP = f"elasticsearch-{VERSION}"
SERVER_FILES = {
    f"{TOP}/bin/elasticsearch": b"#!/bin/sh\nexit 0\n",
    f"{TOP}/config/elasticsearch.yml": b"",
    f"{TOP}/lib/{TOP}.jar": b"jar",
    f"{TOP}/modules/x-pack-core/core.jar": b"of the server",
}


def tar_archive(files: dict[str, bytes], padding: int = 0) -> bytes:
    """A .tar.gz of `files`, programs executable, with one file of `padding` bytes that do not compress."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as archive:
        for name, content in {**files, f"{TOP}/lib/padding.jar": noise(padding)}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if "/bin/" in name else 0o600
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def zip_archive(path: Path, files: dict[str, bytes]) -> str:
    """Write a .zip of `files` to `path` and return its SHA-256."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = (0o755 if "/bin/" in name else 0o600) << 16
            archive.writestr(member, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def noise(size: int) -> bytes:
    """`size` bytes, always the same, that do not compress."""
    blocks = (hashlib.sha512(str(number).encode()).digest() for number in range(size // 64 + 1))
    return b"".join(blocks)[:size]


class Site:
    """A download site on loopback: serves `content` under any name and its SHA-512 beside it; counts what was asked."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.checksum = hashlib.sha512(content).hexdigest()
        self.asked: list[str] = []
        self.silent = False
        #: cleared: half of the archive is sent, the rest when it is set again
        self.flowing = threading.Event()
        self.flowing.set()
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Serve one request."""
        self.asked.append(handler.path)
        if self.silent:
            self.flowing.wait()
        if handler.path.endswith(".sha512"):
            body = f"{self.checksum}  {handler.path.rpartition('/')[2].removesuffix('.sha512')}\n".encode()
        else:
            body = self.content
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        half = len(body) // 2
        handler.wfile.write(body[:half])
        handler.wfile.flush()
        if body is self.content:
            self.flowing.wait()
        handler.wfile.write(body[half:])


@contextmanager
def serving(content: bytes) -> Iterator[Site]:
    """A running Site; `.url` is its address."""
    site = Site(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                site.answer(self)
            except ConnectionError:
                self.close_connection = True  # the client was killed, as some tests do

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_address[1]}/downloads"
    try:
        yield site
    finally:
        site.flowing.set()
        server.shutdown()
        server.server_close()


def fake_jdk(home: Path, version: str, modules: str = "java.base jdk.jlink") -> Path:
    """Make a folder that looks like a JDK of that version; returns it."""
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").write_text("#!/bin/sh\n")
    (home / "release").write_text(f'IMPLEMENTOR="Test"\nJAVA_VERSION="{version}"\nMODULES="{modules}"\n')
    return home


def fake_mvn(folder: Path, packages: Path) -> Path:
    """Put an `mvn` in `folder` that copies the asked artifact from `packages`, as dependency:copy would; returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "mvn"
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, shutil, sys\n"
        "given = dict(a[2:].split('=', 1) for a in sys.argv if a.startswith('-D'))\n"
        "_, artifact, version, packaging = given['artifact'].split(':')\n"
        "name = f'{artifact}-{version}.{packaging}'\n"
        f"source = pathlib.Path({str(packages)!r}) / name\n"
        "repository = pathlib.Path(given['maven.repo.local'])\n"
        "repository.mkdir(parents=True, exist_ok=True)\n"
        "if not source.exists():\n"
        "    sys.exit(f'[ERROR] Could not find artifact {artifact}')\n"
        "shutil.copy(source, repository / name)\n"
        "shutil.copy(source, pathlib.Path(given['outputDirectory']) / name)\n"
    )
    program.chmod(0o755)
    return program


def fake_server(home: Path, script: str) -> Path:
    """Make a folder that looks like an unpacked engine whose launcher is the shell `script`; returns it."""
    for folder in ("bin", "lib", "modules", "config"):
        (home / folder).mkdir(parents=True)
    (home / "lib" / f"{TOP}.jar").write_bytes(b"jar")
    launcher = home / "bin" / "elasticsearch"
    launcher.write_text(f"#!/bin/sh\n{script}\n")
    launcher.chmod(0o755)
    fake_jdk(home / "jdk", "25.0.1")
    return home
