"""A real OpenID provider in the shape of Microsoft Entra, as a process of its own over TLS, that can be made to lie."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import secrets
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import NAMESPACE_DNS, uuid5

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from matching.accounts.microsoft.identities import PERSONAL_TENANT
from matching.settings import PROJECT_ROOT
from tests.support.ports import free_port
from tests.support.waiting import wait_until

CLIENT_ID = "6f1c1d0e-8f5e-4f0f-9b0a-3c1d2e4f5a6b"
CLIENT_SECRET = "for tests only"
#: Where the registration of the application lets people come back, on any port of loopback.
REDIRECT_PATH = "/microsoft/terug"
#: Domains whose accounts are personal ones.
PERSONAL_DOMAINS = frozenset({"hotmail.com", "msn.com", "outlook.com"})
ENDS_WITHIN_S = 30


def tenant_of(username: str) -> str:
    """The tenant that an account with this name belongs to."""
    domain = username.rpartition("@")[2]
    return PERSONAL_TENANT if domain in PERSONAL_DOMAINS else str(uuid5(NAMESPACE_DNS, domain))


def object_of(username: str) -> str:
    """The object id of the account with this name."""
    return str(uuid5(NAMESPACE_DNS, username))


class Provider:
    """The running process, seen from a test."""

    def __init__(self, port: int, certificate: Path) -> None:
        self.certificate = certificate
        self.authority = f"https://127.0.0.1:{port}/organizations"
        self._control = f"https://127.0.0.1:{port}/control"
        self._client = httpx.Client(
            verify=ssl.create_default_context(cafile=certificate), trust_env=False, timeout=ENDS_WITHIN_S
        )

    def lie(self, **faults: Any) -> None:
        """Replace what it does wrong from now on; without any it does everything right.

        `claims`: other values of claims, None leaves one out. `signing`: 'none', 'hs256' (with the public key as the
        secret), 'stranger' (another key under the same name), 'unknown' (a key it does not publish). `key_issuer`:
        whose tokens its key says to sign. `replay`: gives the former token once more. `hang`: never answers on
        addresses that end so. `fail`: answers there with 500. `error`: what it answers to whoever signs in.
        """
        self._client.post(self._control, json=faults).raise_for_status()

    def change_keys(self) -> None:
        """Sign with a new key from now on, and publish that one only."""
        self._client.delete(self._control).raise_for_status()

    @property
    def seen(self) -> dict[str, dict[str, str]]:
        """The parameters of the last requests to sign in ('authorize') and for a token ('token')."""
        found: dict[str, dict[str, str]] = self._client.get(self._control).json()
        return found

    def sign_in(self, address: str, username: str) -> dict[str, str]:
        """Fill in the page at `address` as a browser would; what comes back at the redirect address."""
        return self._submit(address, {"username": username})

    def cancel(self, address: str) -> dict[str, str]:
        """Press the page's other button."""
        return self._submit(address, {"username": "", "cancel": "1"})

    def _submit(self, address: str, form: dict[str, str]) -> dict[str, str]:
        page = self._client.get(address)
        assert page.status_code == 200, page.text
        answer = self._client.post(address, data=form)
        assert answer.status_code == 302, answer.text
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return self._client.get(self._control).is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()


@contextmanager
def running_provider(folder: Path) -> Iterator[Provider]:
    """A provider that answers; its certificate is in `folder`. Killed at the end."""
    certificate, key = _certificate(folder)
    port = free_port()
    command = [sys.executable, "-m", "tests.support.openid", str(port), str(certificate), str(key)]
    with (folder / "openid.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=log, stderr=subprocess.STDOUT)
    provider = Provider(port, certificate)
    try:
        wait_until(provider.ready, "the OpenID provider answers")
        yield provider
    finally:
        provider.close()
        process.kill()
        process.wait(ENDS_WITHIN_S)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for loopback that whoever trusts the file trusts, and its key."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests only")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "openid.pem", folder / "openid.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(_private(key))
    return certificate, secret


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Office:
    """What the process remembers."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.faults: dict[str, Any] = {}
        self.seen: dict[str, dict[str, str]] = {}
        self.granted: dict[str, dict[str, str]] = {}
        self.former = ""
        self.change_keys()

    def change_keys(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        self.key_id = secrets.token_hex(8)

    def discovery(self) -> dict[str, Any]:
        root = f"{self.origin}/organizations"
        return {
            "issuer": f"{self.origin}/{{tenantid}}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        issuer = self.faults.get("key_issuer", f"{self.origin}/{{tenantid}}/v2.0")
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "kid": self.key_id,
                    "n": _number(numbers.n),
                    "e": _number(numbers.e),
                    "issuer": issuer,
                }
            ]
        }

    def wrong_with(self, asked: dict[str, str]) -> str:
        """Why the page to sign in is not shown; empty: it is."""
        back = urlsplit(asked.get("redirect_uri", ""))
        checks = {
            "client_id": asked.get("client_id") == CLIENT_ID,
            "redirect_uri": back.hostname in {"127.0.0.1", "localhost"} and back.path == REDIRECT_PATH,
            "response_type": asked.get("response_type") == "code",
            "scope": "openid" in asked.get("scope", "").split(),
            "code_challenge": bool(asked.get("code_challenge")) and asked.get("code_challenge_method") == "S256",
            "state": bool(asked.get("state")),
            "nonce": bool(asked.get("nonce")),
        }
        return ", ".join(name for name, right in checks.items() if not right)

    def grant(self, asked: dict[str, str], username: str) -> dict[str, str]:
        """What to answer to somebody who signed in."""
        if error := self.faults.get("error"):
            return {"error": error, "state": asked["state"]}
        code = secrets.token_urlsafe(32)
        self.granted[code] = {**asked, "username": username}
        return {"code": code, "state": asked["state"]}

    def redeem(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """What to answer to the application; a code holds once."""
        if form.get("client_id") != CLIENT_ID or not hmac.compare_digest(form.get("client_secret", ""), CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        asked = self.granted.pop(form.get("code", ""), None)
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri") or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        token = self.former if self.faults.get("replay") else self.id_token(asked)
        self.former = token
        return 200, {"token_type": "Bearer", "access_token": "of no use", "expires_in": 3600, "id_token": token}

    def id_token(self, asked: dict[str, str]) -> str:
        username = asked["username"]
        tenant, now = tenant_of(username), int(time.time())
        claims = {
            "ver": "2.0",
            "iss": f"{self.origin}/{tenant}/v2.0",
            "aud": CLIENT_ID,
            "sub": hashlib.sha256(username.encode()).hexdigest(),
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "auth_time": now,
            "nonce": asked["nonce"],
            "tid": tenant,
            "oid": object_of(username),
            "name": username.partition("@")[0],
            "preferred_username": username,
            "email": username,
            "xms_edov": True,
            **self.faults.get("claims", {}),
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def sign(self, claims: dict[str, Any]) -> str:
        signing = self.faults.get("signing", "rs256")
        algorithm = {"none": "none", "hs256": "HS256"}.get(signing, "RS256")
        header = {"typ": "JWT", "alg": algorithm, "kid": "unheard-of" if signing == "unknown" else self.key_id}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        if signing == "none":
            return f"{text}."
        if signing == "hs256":
            public = self.key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return f"{text}.{_base64(hmac.digest(public, text.encode(), 'sha256'))}"
        key = self.key if signing == "rs256" else rsa.generate_private_key(65537, 2048)
        return f"{text}.{_base64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


_PAGE = """<!doctype html><html lang="en"><title>Sign in to your account</title>
<main><h1>Sign in</h1><form method="post" action="{action}">
<label for="username">Email</label> <input id="username" name="username" value="{hint}" autocomplete="username">
<button>Next</button> <button name="cancel" value="1">Cancel</button></form></main></html>"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    office: Office

    def do_GET(self) -> None:
        path, asked = self._asked()
        if self._in_trouble(path):
            return
        if path == "/control":
            self._send_json(200, self.office.seen)
        elif path.endswith("/authorize"):
            self._show_page(asked)
        elif path.endswith("/v2.0/.well-known/openid-configuration"):
            self._send_json(200, self.office.discovery())
        elif path.endswith("/keys"):
            self._send_json(200, self.office.keys())
        else:
            self._send_json(404, {"error": "not_found"})

    def do_POST(self) -> None:
        path, asked = self._asked()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._in_trouble(path):
            return
        if path == "/control":
            self.office.faults = json.loads(body)
            self._send_json(200, {})
            return
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if path.endswith("/authorize"):
            self._answer_page(asked, form)
        else:
            self.office.seen["token"] = form
            self._send_json(*self.office.redeem(form))

    def do_DELETE(self) -> None:
        self.office.change_keys()
        self._send_json(200, {})

    def _asked(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}

    def _in_trouble(self, path: str) -> bool:
        if (end := self.office.faults.get("hang")) and path.endswith(end):
            threading.Event().wait()
        fails = (end := self.office.faults.get("fail")) and path.endswith(end)
        if fails:
            self._send_json(500, {"error": "server_error"})
        return bool(fails)

    def _show_page(self, asked: dict[str, str]) -> None:
        self.office.seen["authorize"] = asked
        if wrong := self.office.wrong_with(asked):
            self._send(400, "text/plain", wrong)
        else:
            page = _PAGE.format(action=html.escape(self.path), hint=html.escape(asked.get("login_hint", "")))
            self._send(200, "text/html; charset=utf-8", page)

    def _answer_page(self, asked: dict[str, str], form: dict[str, str]) -> None:
        if wrong := self.office.wrong_with(asked):
            self._send(400, "text/plain", wrong)
            return
        if "cancel" in form:
            answer = {"error": "access_denied", "error_subcode": "cancel", "state": asked["state"]}
        else:
            answer = self.office.grant(asked, form.get("username", "").strip().lower())
        self._send(302, "text/plain", "", Location=f"{asked['redirect_uri']}?{urlencode(answer)}")

    def _send_json(self, status: int, content: object) -> None:
        self._send(status, "application/json", json.dumps(content))

    def _send(self, status: int, kind: str, content: str, **headers: str) -> None:
        body = content.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def main(port: int, certificate: str, key: str) -> None:
    """Serve until killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    _Handler.office = Office(f"https://127.0.0.1:{port}")
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    server.daemon_threads = True
    # Each connection greets in its own thread: one that says nothing keeps nobody waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
