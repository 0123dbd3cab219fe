"""Every setting of HalloWerk, typed, read from the environment once and checked at start."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from email.headerregistry import Address
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from matching.private import private_folder

#: 32 characters at random hold more than the 128 bits that a signature of a session needs.
SHORTEST_SECRET_KEY = 32

#: Half signs and half encrypts: what the Fernet specification asks.
ENCRYPTION_KEY_BYTES = 32

#: Fields that are a secret as a whole; addresses may hold one too.
SECRETS = frozenset(
    {
        "secret_key",
        "encryption_keys",
        "elasticsearch_api_key",
        "elasticsearch_password",
        "metrics_token",
        "microsoft_client_secret",
        "smtp_password",
        "sms_gateway_token",
    }
)

#: A Fernet key: 32 bytes in url-safe base64; the last letter of the 43 carries four bits.
FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]=")

#: 'Name <address>', or an address alone.
_ADDRESS = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
_SENDER = re.compile(rf"(?P<name>[^<>@\"\\\r\n]*?) *<(?P<named>{_ADDRESS})>|(?P<alone>{_ADDRESS})")

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """The environment holds values that HalloWerk cannot start with; the message names each one."""


class _Files(PydanticBaseSettingsSource):
    """Takes a variable from the file that VARIABLE_FILE names: so a secret need not be in the environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        key = str(field.validation_alias or field_name)
        variable = variable_name(field_name)
        path = os.environ.get(f"{variable}_FILE")
        if not path:
            return None, key, False
        if os.environ.get(variable):
            raise SettingsError(f"The configuration is wrong.\n  {variable}: is set, and {variable}_FILE too: use one")
        try:
            return Path(path).read_text().strip(), key, False
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise SettingsError(f"The configuration is wrong.\n  {variable}_FILE: {path}: {reason}") from error

    def __call__(self) -> dict[str, str]:
        found = (self.get_field_value(field, name) for name, field in self.settings_cls.model_fields.items())
        return {key: value for value, key, _ in found if value is not None}


class Settings(BaseSettings):
    """The configuration; each field's description is what `hallowerk config` and docs/configuration.md show."""

    model_config = SettingsConfigDict(
        env_prefix="HALLOWERK_", frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    state_dir: Path = Field(
        default=PROJECT_ROOT / ".hallowerk",
        description="Folder of this installation: SQLite database, media, secret keys and engine notes.",
    )
    database_url: str = Field(
        default="",
        validation_alias="DATABASE_URL",
        description="SQLAlchemy address of the database; empty: SQLite in the state folder.",
    )
    elasticsearch_url: str = Field(
        default="",
        validation_alias="ELASTICSEARCH_URL",
        description="Address of an Elasticsearch 9 cluster; empty: the engine that `hallowerk engine` manages.",
    )
    elasticsearch_api_key: str = Field(
        default="",
        validation_alias="ELASTICSEARCH_API_KEY",
        description="API key for that cluster; empty: none.",
    )
    elasticsearch_user: str = Field(
        default="",
        validation_alias="ELASTICSEARCH_USER",
        description="User of that cluster, where it knows no key; empty: none.",
    )
    elasticsearch_password: str = Field(
        default="",
        validation_alias="ELASTICSEARCH_PASSWORD",
        description="Password of that user.",
    )
    redis_url: str = Field(
        default="",
        validation_alias="REDIS_URL",
        description="Address of the Redis that passes work to the workers; empty: files in the state folder.",
    )
    lease_s: float = Field(
        default=60.0,
        gt=0,
        description="Seconds that work handed to a worker counts as in hand; after that another one may take it.",
    )
    rebuild_rate: int = Field(
        default=2_000,
        ge=0,
        description="Listings a second that a rebuild reads at most while people search; 0: as many as it can.",
    )
    engine_home: Path | None = Field(
        default=None, description="An Elasticsearch that is already unpacked; empty: the shared cache folder."
    )
    engine_cache: Path = Field(
        default_factory=lambda: default_cache_dir(),
        description="Folder shared by all clones for the unpacked engine.",
    )
    engine_heap_mb: int = Field(default=768, ge=256, le=31_000, description="Heap of the managed engine, in MiB.")
    engine_download_site: str = Field(
        default="https://artifacts.elastic.co/downloads/elasticsearch",
        description="Where the official engine archives are fetched.",
    )
    synonyms_dir: Path | None = Field(
        default=None,
        description="Folder that the cluster of ELASTICSEARCH_URL reads as config/synonyms; empty: synonyms of that "
        "cluster change by a rebuild only. The managed engine has its own.",
    )
    index_prefix: str = Field(
        default="candidates",
        pattern=r"^[a-z][a-z0-9_]*$",
        description="First part of every index and alias name; tests use their own.",
    )
    ranking_profile: str = Field(
        default="standard", pattern=r"^[a-z][a-z0-9_-]*$", description="Name of the ranking profile in use."
    )
    search_timeout_s: float = Field(default=10.0, gt=0, description="How long a page waits for the engine.")
    host: str = Field(default="127.0.0.1", validation_alias="HOST", description="Address the web server binds.")
    port: int = Field(default=8000, ge=1, le=65535, validation_alias="PORT", description="Port the web server binds.")
    web_workers: int = Field(default=2, ge=1, le=64, description="Number of gunicorn workers.")
    proxies: int = Field(
        default=0,
        ge=0,
        le=5,
        description="How many proxies stand before the web server: whose X-Forwarded-For tells where a visitor is. "
        "Limits on sign-in tries count by that address.",
    )
    secret_key: str = Field(
        default="",
        description="Key that signs sessions, of 32 characters or more; empty: one is made once and kept in the state "
        "folder.",
    )
    encryption_keys: str = Field(
        default="",
        description="Fernet keys, divided by commas, that seal secrets in the database: the first one seals, all open; "
        "empty: one is made once and kept in the state folder.",
    )
    metrics_token: str = Field(
        default="",
        description="Token of 32 characters or more with which a program may read /metrics; empty: only operations "
        "people may.",
    )
    microsoft_client_id: str = Field(
        default="",
        description="Application (client) id of the registration in Microsoft Entra; empty: nobody signs in with "
        "Microsoft.",
    )
    microsoft_client_secret: str = Field(
        default="", validate_default=True, description="Client secret of that registration."
    )
    microsoft_authority: str = Field(
        default="https://login.microsoftonline.com/organizations",
        description="Where people sign in with Microsoft: its address with `organizations`, or with the id of the only "
        "tenant.",
    )
    microsoft_timeout_s: float = Field(
        default=5.0, gt=0, description="How long signing in waits for each answer of Microsoft."
    )
    https: bool = Field(
        default=False,
        description="True behind HTTPS: cookies are Secure and HSTS is sent. Always true in production.",
    )
    public_url: str = Field(
        default="",
        validate_default=True,
        description="Where people reach the pages, for links in mails, such as https://hallowerk.example; "
        "empty: http://HOST:PORT. Must be set, and https, where HALLOWERK_HTTPS is true.",
    )
    demo: bool = Field(
        default=False,
        description="True only for a look with made-up people: whoever reaches the pages reads the local mailbox at "
        "/postvak.",
    )
    mail_from: str = Field(
        default="HalloWerk <hallowerk@localhost>",
        description="Sender of every mail: an address, or a name and the address in angle brackets. Must be set where "
        "HALLOWERK_SMTP_HOST is.",
    )
    smtp_host: str = Field(
        default="",
        description="Server that sends mail on; empty: mails become files in the folder mailbox of the state folder.",
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of that server.")
    smtp_tls: Literal["none", "starttls", "tls"] = Field(
        default="starttls",
        description="How the way to that server is closed to others: starttls (usual on port 587), tls from the start "
        "(465), or none, for a server on the same machine or network. The certificate is checked.",
    )
    smtp_user: str = Field(default="", description="User of that server; empty: it asks for none.")
    smtp_password: str = Field(default="", description="Password of that user.")
    sms_gateway_url: str = Field(
        default="",
        description="Address of the gateway that text messages are posted to; empty: they become files in the folder "
        "mailbox of the state folder.",
    )
    sms_gateway_token: str = Field(default="", description="Token that the gateway knows us by.")
    sms_sender: str = Field(
        default="HalloWerk",
        pattern=r"^([A-Za-z0-9]{1,11}|\+?[0-9]{3,15})$",
        description="Sender of every text message: at most 11 letters and digits, or a telephone number.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Files(settings_cls), env_settings

    @field_validator("synonyms_dir", mode="before")
    @classmethod
    def _empty_is_no_folder(cls, value: object) -> object:
        return value or None

    @field_validator("secret_key", "metrics_token")
    @classmethod
    def _cannot_be_guessed(cls, value: str) -> str:
        if 0 < len(value) < SHORTEST_SECRET_KEY:
            raise ValueError(
                f"has {len(value)} characters: use {SHORTEST_SECRET_KEY} or more that nobody can guess, or leave it "
                "empty"
            )
        return value

    @field_validator("encryption_keys")
    @classmethod
    def _each_key_is_one(cls, value: str) -> str:
        keys = _split_keys(value)
        wrong = [str(place) for place, key in enumerate(keys, 1) if not FERNET_KEY.fullmatch(key)]
        if wrong:
            raise ValueError(
                f"key {', '.join(wrong)} of {len(keys)} is no Fernet key: 32 random bytes in url-safe base64"
            )
        return value

    @field_validator("microsoft_client_secret")
    @classmethod
    def _application_has_a_secret(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("microsoft_client_id") and not value:
            raise ValueError("is empty, and HALLOWERK_MICROSOFT_CLIENT_ID is set: Microsoft asks for both")
        return value

    @field_validator("microsoft_authority")
    @classmethod
    def _authority_is_https(cls, value: str) -> str:
        # A name of the host and one of the tenant, nothing else: the issuer of every token is made from it.
        if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?/[A-Za-z0-9.-]+", value):
            raise ValueError("must be https://HOST/TENANT, for example https://login.microsoftonline.com/organizations")
        return value

    @field_validator("elasticsearch_user")
    @classmethod
    def _one_way_into_the_engine(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("elasticsearch_api_key"):
            raise ValueError("is set, and ELASTICSEARCH_API_KEY too: use one")
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if not value:
            return value
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("is not a database address, for example postgresql+psycopg://user@host/name") from error
        if url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise ValueError("must be a sqlite or postgresql address")
        if url.get_backend_name() == "postgresql":
            return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_is_redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://")):
            raise ValueError("must be a redis or rediss address, for example redis://host:6379/0")
        return value

    @field_validator("public_url")
    @classmethod
    def _links_lead_to_the_site(cls, value: str, info: ValidationInfo) -> str:
        https = info.data.get("https")
        if https and not value:
            raise ValueError("must be set where HALLOWERK_HTTPS is true, for example https://hallowerk.example")
        if value and not re.fullmatch(r"https?://([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?", value):
            raise ValueError("must be http:// or https:// with a host, and nothing after it")
        if https and not value.startswith("https://"):
            raise ValueError("must begin with https:// where HALLOWERK_HTTPS is true")
        return value

    @field_validator("demo")
    @classmethod
    def _demo_stays_at_home(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("https"):
            raise ValueError(
                "is for a look on this machine: it shows everybody's mail, so HALLOWERK_HTTPS must be false"
            )
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender_is_an_address(cls, value: str) -> str:
        try:
            sender_of(value)
        except ValueError as error:
            raise ValueError("is no address, for example HalloWerk <hallowerk@gemeente.example>") from error
        return value

    @field_validator("smtp_host")
    @classmethod
    def _server_gets_a_sender(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("mail_from") == cls.model_fields["mail_from"].default:
            raise ValueError("is set, and HALLOWERK_MAIL_FROM is not: the server and the readers ask who sends")
        return value

    @field_validator("smtp_user")
    @classmethod
    def _password_is_not_shouted(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("smtp_tls") == "none":
            raise ValueError("is set, and HALLOWERK_SMTP_TLS is none: the password could be read on its way")
        return value

    @field_validator("sms_gateway_url")
    @classmethod
    def _codes_are_not_shouted(cls, value: str) -> str:
        if value and not re.match(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])([:/]|$)", value):
            raise ValueError("must begin with https://, as codes and the token go there; http:// on this machine only")
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy address in use: `DATABASE_URL`, else SQLite in the state folder."""
        return self.database_url or f"sqlite:///{self.state_dir / 'hallowerk.db'}"

    @property
    def media_dir(self) -> Path:
        """Folder where photos and documents are kept by content hash."""
        return self.state_dir / "media"

    @property
    def broker_dir(self) -> Path:
        """Folder of the messages to workers where there is no Redis."""
        return self.state_dir / "broker"

    @property
    def mailbox_dir(self) -> Path:
        """Folder of the mails and text messages that leave by no server."""
        return self.state_dir / "mailbox"

    @property
    def site_url(self) -> str:
        """The address that links in mails begin with, without a slash at its end; never what a request asked for."""
        if self.public_url:
            return self.public_url
        bound_to_all = {str(IPv4Address(0)): "127.0.0.1", str(IPv6Address(0)): "::1"}
        host = bound_to_all.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def installation(self) -> str:
        """A short name of this installation, the same at every start: keeps two clones' engines apart."""
        return hashlib.sha256(str(self.state_dir.resolve()).encode()).hexdigest()[:12]


def sender_of(text: str) -> Address:
    """The sender in 'Name <address>' or an address alone. Raises ValueError where there is none, or more than one."""
    found = _SENDER.fullmatch(text)
    if found is None:
        raise ValueError("no sender")
    return Address(found["name"] or "", addr_spec=found["named"] or found["alone"])


def default_cache_dir() -> Path:
    """The folder all clones share: the system cache for root (reachable for other uids), else the user's."""
    if os.geteuid() == 0:
        return Path("/var/cache/hallowerk")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hallowerk"


def load_settings(**overrides: Any) -> Settings:
    """Return the settings of this process' environment, with `overrides` by field name.

    Raises SettingsError naming every variable that is wrong and why.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [f"{variable_name(str(e['loc'][0]))}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()]
        raise SettingsError("The configuration is wrong.\n" + "\n".join(f"  {line}" for line in lines)) from error


def variable_name(field: str) -> str:
    """The environment variable that sets `field` (a field name or its alias)."""
    info = Settings.model_fields.get(field)
    if info is None:
        return field
    return str(info.validation_alias) if info.validation_alias else f"HALLOWERK_{field.upper()}"


def describe_settings(settings: Settings) -> Mapping[str, tuple[str, str]]:
    """Return variable -> (present value, description), secrets masked, in the order of the class."""
    shown: dict[str, tuple[str, str]] = {}
    for field, info in Settings.model_fields.items():
        value = getattr(settings, field)
        if field in SECRETS and value:
            text = "(set)"
        elif field.endswith("_url"):
            text = re.sub("(?<=//).*(?=@)", "***", value)
        else:
            text = "" if value is None else str(value)
        shown[variable_name(field)] = (text, info.description or "")
    return shown


def session_key(settings: Settings) -> str:
    """The key that signs sessions: the configured one, else one made once and kept in the state folder (mode 600).

    Processes that start together get the same one. Raises SettingsError when the kept one is empty.
    """
    if settings.secret_key:
        return settings.secret_key
    key = _kept(settings, "secret_key", lambda: secrets.token_urlsafe(48))
    if not key:
        path = settings.state_dir / "secret_key"
        raise SettingsError(f"{path} is empty: remove it and start again (everybody then signs in anew)")
    return key


def vault_keys(settings: Settings) -> tuple[str, ...]:
    """The keys that secrets are sealed with: the configured ones, else one made once and kept like `session_key`.

    Raises SettingsError when the kept one is no key: without the right one, nobody's second step can be read.
    """
    if settings.encryption_keys:
        return _split_keys(settings.encryption_keys)
    key = _kept(
        settings, "encryption_key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(ENCRYPTION_KEY_BYTES)).decode()
    )
    if not FERNET_KEY.fullmatch(key):
        raise SettingsError(f"{settings.state_dir / 'encryption_key'} is no Fernet key: put it back from a backup")
    return (key,)


def _split_keys(value: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in value.split(",")) if value else ()


def _kept(settings: Settings, name: str, make: Callable[[], str]) -> str:
    """What the file `name` of the state folder holds; the first process that asks makes it (mode 600)."""
    path = settings.state_dir / name
    if not path.exists():
        private_folder(settings.state_dir)
        _write_once(path, make())
    return path.read_text().strip()


def _write_once(path: Path, content: str) -> None:
    """Make the file with mode 600, there whole or not at all; one that another process made first is left alone."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(content)
        with suppress(FileExistsError):
            os.link(partial, path)
    finally:
        os.unlink(partial)
