# One image for the API, the worker, polling and migrations: the command says which (see entrypoint.sh).

FROM node:22-bookworm-slim AS miniapp
WORKDIR /build
COPY miniapp/package.json miniapp/package-lock.json miniapp/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY miniapp/ ./
RUN npm run build

FROM python:3.12-slim-bookworm AS packages
COPY requirements.txt ./
# From that line on stand the demo's own servers and the tools of the tests: production has no use for them.
RUN sed '/^# Servers of the demo/,$d' requirements.txt > production.txt \
 && python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check -r production.txt \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin arcana \
 && install -d -o arcana -g arcana -m 0700 /data
WORKDIR /srv/arcana
COPY --from=packages /opt/venv /opt/venv
COPY entrypoint.sh pyproject.toml alembic.ini ./
COPY alembic/ alembic/
COPY app/ app/
COPY --from=miniapp /build/dist miniapp/dist
RUN /opt/venv/bin/python -m compileall -q app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ARCANA_CONTAINER=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
USER arcana
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["./entrypoint.sh"]
CMD ["api"]
