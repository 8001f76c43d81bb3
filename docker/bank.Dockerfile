# One replica of the bank. docker/build.sh gathers the context: the built packages and their run-time dependencies.
ARG NODE_IMAGE=node:20-slim
FROM ${NODE_IMAGE}
WORKDIR /understudy
COPY . .
EXPOSE 50051
ENTRYPOINT ["node", "packages/examples/dist/bank/server.js", "--listen", "0.0.0.0:50051"]
