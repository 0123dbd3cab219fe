"""The account that compose gives the engine: which requests make it, and what they may show."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from matching.settings import Settings

SCRIPT = Path(__file__).parents[2] / "tools/engine_account.sh"
AWKWARD = 'a "quoted" \\ $(word)'


@dataclass
class Asked:
    """What the stand-in for the engine was asked; the engines of the tests have no accounts."""

    url: str = ""
    requests: list[tuple[str, str, str, object]] = field(default_factory=list)
    refuse: int = 0


@pytest.fixture
def engine() -> Iterator[Asked]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if asked.refuse:
                asked.refuse -= 1
                self.send_error(503)
                return
            who = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            asked.requests.append((self.command, self.path, who, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked.url = f"http://127.0.0.1:{server.server_port}"
    yield asked
    server.shutdown()
    server.server_close()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "elastic_password").write_text(f"{AWKWARD} 1\n")
    (tmp_path / "elasticsearch_password").write_text(f"{AWKWARD} 2\n")
    return tmp_path


def test_the_account_may_touch_our_indexes_only(engine: Asked, secrets: Path) -> None:
    subprocess.run(["bash", str(SCRIPT), engine.url, str(secrets)], check=True, capture_output=True)
    role, user = engine.requests
    assert [one[:3] for one in (role, user)] == [
        ("PUT", "/_security/role/hallowerk", f"elastic:{AWKWARD} 1"),
        ("PUT", "/_security/user/hallowerk", f"elastic:{AWKWARD} 1"),
    ]
    prefix = Settings.model_fields["index_prefix"].default
    assert role[3] == {
        "cluster": ["monitor"],
        "indices": [{"names": [f"{prefix}-*", f"{prefix}_*"], "privileges": ["all"]}],
    }
    assert user[3] == {"password": f"{AWKWARD} 2", "roles": ["hallowerk"]}


def test_an_engine_that_is_not_ready_is_asked_again(engine: Asked, secrets: Path) -> None:
    engine.refuse = 1
    subprocess.run(["bash", str(SCRIPT), engine.url, str(secrets)], check=True, capture_output=True)
    assert len(engine.requests) == 2
