# ottla: one node, ready for clients on the host and in other containers.
#   docker build -t ottla .
#   docker run --rm -p 9092:9092 ottla                      a broker on localhost:9092
#   docker run --rm -p 9092:9092 -v data:/var/lib/ottla/data -e KAFKA_NUM_PARTITIONS=3 ... ottla
# Settings: KAFKA_* variables, or a server.properties in /mnt/shared/config; docs/IMAGE.md.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 # Compiled modules beside the bundle, sources of packages and types are not needed to run.
 && find dist -mindepth 1 -maxdepth 1 ! -name bundle -exec rm -r {} + \
 && find node_modules \( -name '*.map' -o -name '*.d.ts' -o -name '*.md' \) -delete

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="ottla" \
      org.opencontainers.image.description="A broker that speaks Apache Kafka's protocol and keeps its files" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /build/package.json /build/LICENSE /opt/ottla/
COPY --from=build /build/node_modules /opt/ottla/node_modules
COPY --from=build /build/dist /opt/ottla/dist
COPY --from=build /build/bin /opt/ottla/bin
COPY config/image.properties /opt/ottla/config/image.properties
# The stock tools' names, also with .sh and where other images have them; volumes belong to the user before they are made.
RUN mkdir -p /opt/kafka/bin /var/lib/ottla/data /var/lib/kafka/data /mnt/shared/config \
 && for tool in /opt/ottla/bin/kafka-*; do \
      ln -s "$tool" /opt/kafka/bin/"$(basename "$tool")"; ln -s "$tool" /opt/kafka/bin/"$(basename "$tool")".sh; \
    done \
 && ln -s /opt/ottla/bin/ottla /usr/local/bin/ottla \
 && chown -R 1000:1000 /var/lib/ottla /var/lib/kafka /mnt/shared/config
ENV PATH=/opt/kafka/bin:$PATH \
    OTTLA_DATA=/var/lib/ottla/data \
    OTTLA_CONFIG=/mnt/shared/config/server.properties \
    OTTLA_DEFAULT_CONFIG=/opt/ottla/config/image.properties
USER 1000:1000
WORKDIR /var/lib/ottla
VOLUME /var/lib/ottla/data
EXPOSE 9092
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=5 CMD ["ottla", "cluster", "health"]
CMD ["ottla", "start"]
