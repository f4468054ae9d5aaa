# One image for all three processes: `node dist/src/api.js`, `worker.js` or `consumer.js`. The target `provider` is the test
# payment provider and carrier, for trials.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node dev/bootstrap.mjs build \
  && npm prune --omit=dev

FROM node:24-bookworm-slim AS service
# Temporal's client verifies TLS certificates against the system's.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma/migrations ./prisma/migrations
COPY --from=build /app/dist/src ./dist/src
COPY --from=build /app/dist/activities ./dist/activities
COPY --from=build /app/dist/workflows ./dist/workflows
COPY --from=build /app/dist/workflow-bundle.js ./dist/
USER node
EXPOSE 3000
CMD ["node", "dist/src/api.js"]

FROM service AS provider
COPY --from=build /app/dist/testing/provider.js ./dist/testing/
COPY --from=build /app/dist/testing/provider ./dist/testing/provider
USER root
RUN mkdir /data && chown node /data
USER node
ENV PROVIDER_HOST=0.0.0.0 PROVIDER_PORT=8080 PROVIDER_JOURNAL=/data/provider.jsonl
EXPOSE 8080
CMD ["node", "dist/testing/provider.js"]

# What is built where no target is named.
FROM service
