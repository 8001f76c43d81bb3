# A client that calls the bank until SIGTERM. The context is that of the bank.
ARG NODE_IMAGE=node:20-slim
FROM ${NODE_IMAGE}
WORKDIR /understudy
COPY . .
ENTRYPOINT ["node", "packages/workshop/dist/load/main.js"]
