# syntax=docker/dockerfile:1
# Built in one stage, run in another: no compiler, no package manager's cache and no root in what runs.

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/monitor
COPY requirements/run.txt requirements/run.txt
RUN /opt/monitor/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY docs/credits.md docs/credits.md
COPY monitor monitor
COPY templates templates
COPY config config
RUN /opt/monitor/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Communiqué Monitor" org.opencontainers.image.licenses="MIT"
RUN useradd --system --uid 10001 --home-dir /var/lib/monitor --create-home monitor
COPY --from=build /opt/monitor /opt/monitor
COPY --chown=monitor:monitor config /etc/monitor
ENV PATH=/opt/monitor/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MONITOR_PATHS__CONFIG=/etc/monitor \
    MONITOR_PATHS__DATA=/var/lib/monitor \
    MONITOR_LOG__FORMAT=json
USER monitor
WORKDIR /var/lib/monitor
VOLUME /var/lib/monitor
# The root file system may be read-only: the service writes to its volume and to /tmp alone.
HEALTHCHECK --interval=60s --timeout=15s --start-period=60s --retries=3 CMD ["monitor", "status", "--quiet"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["monitor"]
CMD ["run"]
