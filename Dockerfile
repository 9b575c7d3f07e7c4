# SPDX-License-Identifier: MPL-2.0
#
# One image for hub and node: which of the two is the command ("hub" or "node"); settings come by environment
# (TANDEM_HUB_LISTEN, TANDEM_NODE_ORGANISATION...; `tandem config show` lists them).

FROM debian:bookworm-slim AS build
COPY tools/setup /src/tools/setup
RUN /src/tools/setup build && rm -rf /var/lib/apt/lists/*
COPY . /src
RUN cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    && ninja -C /build tandem tandem-hub tandem-node

FROM debian:bookworm-slim
COPY tools/setup /tmp/setup
RUN /tmp/setup run && rm -rf /var/lib/apt/lists/* /tmp/setup \
    && groupadd --system --gid 5670 tandem \
    && useradd --system --uid 5670 --gid tandem --no-create-home --home-dir /var/lib/tandem tandem \
    && install -d -o tandem -g tandem -m 0700 /var/lib/tandem /var/lib/tandem-invites
COPY --from=build /build/bin/tandem /build/bin/tandem-hub /build/bin/tandem-node /usr/bin/
COPY packaging/entrypoint /usr/libexec/tandem/entrypoint

ENV TANDEM_HOME=/var/lib/tandem
USER tandem
VOLUME ["/var/lib/tandem", "/var/lib/tandem-invites"]
EXPOSE 5670
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 CMD ["tandem", "status", "--quiet", "--timeout", "4"]
ENTRYPOINT ["/usr/libexec/tandem/entrypoint"]
CMD ["node"]
