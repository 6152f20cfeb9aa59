# One image for every process: `docker run ponte web`, `... worker`, `... db upgrade`.
FROM python:3.12-slim AS build
RUN python -m venv /venv
COPY requirements.lock /src/
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r /src/requirements.lock
COPY . /src
RUN /venv/bin/pip install --no-cache-dir --no-deps /src

FROM python:3.12-slim
RUN useradd --system --create-home --home-dir /home/ponte --shell /usr/sbin/nologin ponte
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER ponte
WORKDIR /home/ponte
EXPOSE 3000
# Each process stops in good order on SIGTERM. A Celery worker told so would wait for its running
# task to end, however long; with REMAP_SIGTERM=SIGQUIT (set for the worker in docker-compose.yml)
# it waits worker_soft_shutdown_timeout and puts the task back.
STOPSIGNAL SIGTERM
ENTRYPOINT ["ponte"]
