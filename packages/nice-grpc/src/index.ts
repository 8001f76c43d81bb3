/** Replicates nice-grpc services: a server and clients that are used like nice-grpc's own. */
export { type ChannelSettings, createReplicatedChannel } from './channel.js';
export { createClient, createClientFactory } from './clients.js';
export { createReplicatedServer, type ReplicatedServer, type ReplicatedServerOptions } from './server.js';
