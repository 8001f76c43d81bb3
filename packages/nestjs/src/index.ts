/** Replicates NestJS gRPC microservices: a transport strategy for the server, options for clients. */
export { type ReplicatedClientOptions, replicatedClient } from './client.js';
export { ReplicatedGrpcServer, type ReplicatedServerOptions } from './server.js';
