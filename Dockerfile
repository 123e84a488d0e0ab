# syntax=docker/dockerfile:1

# Everything that is needed to build, left behind afterwards.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# Packages run no scripts of their own: none of those that the server needs has one.
RUN npm install --no-save --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build
# Packages only go here, so no registry is asked.
RUN npm prune --omit=dev --offline --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    MEDIADOCK_HOST=0.0.0.0 \
    MEDIADOCK_PORT=8080 \
    MEDIADOCK_DATA_DIR=/data
WORKDIR /app
COPY --from=build /build/package.json /build/LICENSE ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/assets ./assets
COPY --from=build /build/dist ./dist
# The server writes to /data only; the rest may be mounted read-only.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 8080
# Live, not ready: a full disk or a database that is away is no reason to be killed.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MEDIADOCK_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Files that pass through leave less behind in memory with a small young generation.
ENTRYPOINT ["node", "--max-semi-space-size=2", "dist/cli.js"]
CMD ["serve"]
