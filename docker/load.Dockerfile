# A client of the bank that calls it until it is told to end.
ARG NODE_IMAGE=node:20-slim
FROM ${NODE_IMAGE}
WORKDIR /understudy
COPY . .
ENTRYPOINT ["node", "packages/workshop/dist/load/main.js"]
