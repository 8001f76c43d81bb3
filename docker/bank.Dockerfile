# One replica of the bank. The context is what docker/build.sh gathers: the built packages and what they need at run time.
ARG NODE_IMAGE=node:20-slim
FROM ${NODE_IMAGE}
WORKDIR /understudy
COPY . .
EXPOSE 50051
ENTRYPOINT ["node", "packages/examples/dist/bank/server.js", "--listen", "0.0.0.0:50051"]
