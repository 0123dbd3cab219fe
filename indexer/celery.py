"""The Celery application: which broker, which queues, what a worker is."""

from __future__ import annotations

import logging
import signal
import socket
import ssl
import time
import warnings
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning
from celery.worker import state
from kombu import Queue

from indexer.queues import HOUSEKEEPING, QUEUES, SENT_AT
from indexer.tasks import WorkerEnds, install
from matching.settings import Settings

#: After this long a message that a worker took and never finished is handed out again. The relay has long done that
#: by then, and the repetition finds nothing to do; it must only never come while the first is at work.
_VISIBILITY_TIMEOUT_S = 3600
#: A worker's own wait for a broker that went silent; above kombu's longest blocking read.
_WORKER_SOCKET_TIMEOUT_S = 15.0
#: How often a worker looks into the folder of messages.
_FILE_POLL_S = 0.1
#: A worker whose broker is away tries again after so long at most.
_LONGEST_RECONNECT_WAIT_S = 5.0
#: How long the task in hand may take after SIGTERM; below what supervisors allow, of which `hallowerk up` has 15 s.
FINISH_WITHIN_S = 8.0


class App(Celery):
    """A Celery application whose messages say when they were sent."""

    def send_task(self, name: str, *arguments: Any, **options: Any) -> Any:
        """As Celery's, with the present moment in the headers."""
        options["headers"] = {**(options.get("headers") or {}), SENT_AT: time.time()}
        return super().send_task(name, *arguments, **options)


def make_app(settings: Settings) -> App:
    """The application of these settings; connects to nothing yet."""
    app = App("hallowerk", set_as_current=False, autofinalize=True)
    app.conf.update(
        # JSON only, and no results: a message is a hint about ids, and what came of it stands in SQL.
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        # One message at a time: the next one goes to whoever is free. Doing a task twice does no harm.
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue=HOUSEKEEPING,
        task_create_missing_queues=False,
        # Nobody can order a worker about through the broker.
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_WORKER_SOCKET_TIMEOUT_S,
        result_expires=None,
        enable_utc=True,
        **_broker(settings),
    )
    install(app, settings)
    return app


def start_worker(settings: Settings, queues: list[str]) -> int:
    """Do the tasks of these queues, one at a time, until SIGTERM; returns the exit code.

    The task in hand is finished first, unless that takes longer than FINISH_WITHIN_S, as when the engine does not
    answer: then it is broken off, and what it had claimed is free. More workers do more at once; each is a process of
    its own.
    """
    signals.setup_logging.connect(_log_warnings_only)
    signals.worker_shutting_down.connect(_finish_soon)
    # As root it would warn of pickles; ours are JSON.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker = make_app(settings).Worker(
        hostname=f"{'-'.join(queues)}@{socket.gethostname()}",
        pool="solo",
        concurrency=1,
        queues=queues,
        loglevel="WARNING",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _finish_soon(**_: object) -> None:
    signal.signal(signal.SIGALRM, _break_off)
    signal.setitimer(signal.ITIMER_REAL, FINISH_WITHIN_S)


def _break_off(*_: object) -> None:
    if state.active_requests:
        raise WorkerEnds


def _log_warnings_only(**_: object) -> None:
    """Of Celery's own log only what went wrong with the broker is of interest; tasks report for themselves."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def _broker(settings: Settings) -> dict[str, Any]:
    if not settings.redis_url:
        folder = str(settings.broker_dir)
        return {
            "broker_url": "filesystem://localhost",
            "broker_transport": "indexer.transports:FileTransport",
            "broker_transport_options": {
                "data_folder_in": folder,
                "data_folder_out": folder,
                "polling_interval": _FILE_POLL_S,
            },
        }
    return {
        "broker_url": settings.redis_url,
        "broker_transport": "indexer.transports:RedisTransport",
        "broker_use_ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED} if settings.redis_url.startswith("rediss:") else None,
        "broker_transport_options": {
            "visibility_timeout": _VISIBILITY_TIMEOUT_S,
            "socket_timeout": _WORKER_SOCKET_TIMEOUT_S,
            "socket_connect_timeout": _WORKER_SOCKET_TIMEOUT_S,
            "socket_keepalive": True,
            "health_check_interval": int(_WORKER_SOCKET_TIMEOUT_S),
            "interval_max": _LONGEST_RECONNECT_WAIT_S,
            "queue_order_strategy": "round_robin",
        },
    }
