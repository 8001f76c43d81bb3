/** The program of one replica of the service. Its only argument is a ReplicaJob as JSON. */
import * as grpc from '@grpc/grpc-js';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { createReplica } from '@understudy/server';
import { serveParent } from '../ipc/child-side.js';
import type { ReplicaCommands } from '../ipc/commands.js';
import type { ReplicaJob } from '../ipc/replica-job.js';
import { TurnWatch } from '../ipc/turns.js';
import { bind } from '../service/bind.js';
import { Counter, handlers, type Once } from '../service/counter.js';
import { LargeState } from '../service/large-state.js';
import { ANY_SIZE, CounterService } from '../service/proto.js';
import { serviceConfigOf } from '../service/service-config.js';
import { jsonLogger } from './json-logger.js';

const job = JSON.parse(process.argv[2] ?? '{}') as ReplicaJob;
const counter = new Counter();
const replica = createReplica({
  replicaId: job.id,
  address: job.advertised,
  coordinator: embeddedCoordinator(job.coordinator),
  state: job.stateMib === undefined ? counter : new LargeState(counter, job.stateMib),
  serviceConfig: serviceConfigOf(job.mode),
  logger: jsonLogger,
});
const server = new grpc.Server({ ...ANY_SIZE, interceptors: replica.interceptors() });
replica.attach(server);
const once: Once = (run) => replica.once('wait', run);
server.addService(CounterService, handlers(counter, once));
const turns = new TurnWatch();
serveParent<ReplicaCommands>({ status: () => replica.status, turns: () => turns.take() });
await bind(server, job.listen);
await replica.start();
