# One image for every process of HalloWerk: the web server, the relay, the workers, beat, and each command.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/hallowerk
WORKDIR /src
# The packages first: this layer stays as long as the lock does.
COPY setup.cfg pyproject.toml requirements.lock README.md LICENSE ./
RUN /opt/hallowerk/bin/pip install --quiet --constraint requirements.lock .
COPY matching matching
COPY indexer indexer
COPY web web
COPY mappings mappings
COPY synonyms synonyms
RUN /opt/hallowerk/bin/pybabel --quiet compile --directory web/translations \
 && /opt/hallowerk/bin/pip install --quiet --no-deps --force-reinstall . \
 && /opt/hallowerk/bin/pip uninstall --quiet --yes pip

FROM python:3.11-slim-bookworm
# Elasticsearch's image runs as 1000 too: the two share the folder of synonyms and the owner of secret files.
RUN groupadd --gid 1000 hallowerk \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /var/lib/hallowerk --shell /usr/sbin/nologin hallowerk \
 && install --directory --owner hallowerk --group hallowerk --mode 700 /var/lib/hallowerk \
 && install --directory --owner hallowerk --group hallowerk --mode 755 /var/lib/synonyms
COPY --from=build /opt/hallowerk /opt/hallowerk
ENV PATH=/opt/hallowerk/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HALLOWERK_STATE_DIR=/var/lib/hallowerk HOST=0.0.0.0
USER 1000:1000
WORKDIR /var/lib/hallowerk
EXPOSE 8000
ENTRYPOINT ["hallowerk"]
CMD ["serve"]
