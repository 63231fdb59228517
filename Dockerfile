# One image for the API, the console, the workers, the migrations and the simulators; the command says which.
ARG PYTHON_IMAGE=python:3.13.16-slim-bookworm
FROM ${PYTHON_IMAGE} AS dependencies

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
# Without the tools of developers, and without the PostgreSQL and Temporal of one machine.
COPY requirements-server.txt .
RUN /venv/bin/pip install --require-hashes -r requirements-server.txt

FROM ${PYTHON_IMAGE}

ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin baton \
    && printf '#!/bin/sh\nexec python -m cli "$@"\n' > /usr/local/bin/baton \
    && chmod 755 /usr/local/bin/baton \
    && install --directory --owner=baton --group=baton --mode=700 /anchors /photos
COPY --from=dependencies /venv /venv
WORKDIR /app
COPY . .
USER 10001:10001
CMD ["baton", "--help"]
