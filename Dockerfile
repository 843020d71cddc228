# syntax=docker/dockerfile:1
FROM python:3.13-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
RUN python -m venv /app/venv
COPY requirements-build.txt requirements.txt ./
RUN /app/venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-build.txt \
    && /app/venv/bin/python -m pip install --no-cache-dir --require-hashes --no-build-isolation -r requirements.txt
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY reaction_board reaction_board
COPY reaction_board_client reaction_board_client
COPY reaction_board_decoder reaction_board_decoder
RUN /app/venv/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /app/venv/bin/python -m pip uninstall --yes pip setuptools pkgconfig

FROM python:3.13-slim-trixie@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# Otherwise each of the 40 threads would keep an arena of freed memory.
ENV PATH=/app/venv/bin:$PATH MALLOC_ARENA_MAX=2 PYTHONUNBUFFERED=1
WORKDIR /app
COPY --from=build /app/venv venv
COPY setup.cfg wsgi.py gunicorn.conf.py ./
RUN useradd --system --uid 10001 --no-create-home board \
    && install --directory --owner board /run/reaction-board
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/api/v1/health', timeout=2)"]
# To migrate the database, run `alembic -c setup.cfg upgrade head` in the same image.
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "wsgi:app"]
