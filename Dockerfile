# syntax=docker/dockerfile:1
# The program in a small Debian, installed from the package that script/package makes. compose.yaml runs it beside Kafka and
# PostgreSQL; docs/operations/install.md describes both.

FROM rust:1.96-bookworm AS build
WORKDIR /iutsai
# These change seldom, so what they install is kept.
COPY .npmrc package.json package-lock.json ./
COPY script script
RUN script/setup
COPY . .
ARG VERSION=
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/cache \
    CARGO_TARGET_DIR=/cache/target IUTSAI_VERSION=$VERSION script/package \
    && mv target/package/*.deb /iutsai.deb

FROM debian:bookworm-slim
# The number stays, so that a volume of the image before can be written.
RUN groupadd --system --gid 900 iutsai \
    && useradd --system --uid 900 --gid 900 --home-dir /var/lib/iutsai --shell /usr/sbin/nologin iutsai
# hadolint ignore=DL3008
RUN --mount=type=bind,from=build,source=/iutsai.deb,target=/tmp/iutsai.deb \
    apt-get update \
    && apt-get install -y --no-install-recommends /tmp/iutsai.deb \
    && rm -rf /var/lib/apt/lists/*
ENV IUTSAI_LISTEN=0.0.0.0:3000 IUTSAI_DATA_DIR=/var/lib/iutsai
USER 900:900
WORKDIR /var/lib/iutsai
VOLUME /var/lib/iutsai
EXPOSE 3000
# /readyz is 503 with a full disk, while calls still reach neighbours.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && test $status = 200"]
ENTRYPOINT ["/usr/lib/iutsai/iutsai"]
CMD ["serve"]
