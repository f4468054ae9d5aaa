# One image for all three processes: `node dist/src/api.js`, `worker.js` or `consumer.js`.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node dev/bootstrap.mjs build \
  && rm -rf dist/dev dist/bench dist/examples \
  && npm prune --omit=dev

FROM node:22-bookworm-slim
# Temporal's client verifies TLS certificates against the system's.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/prisma/migrations ./prisma/migrations
COPY --from=build /app/dist ./dist
USER node
EXPOSE 3000
CMD ["node", "dist/src/api.js"]
