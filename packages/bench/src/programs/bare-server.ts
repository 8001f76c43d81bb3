import * as grpc from '@grpc/grpc-js';
import { serveParent, tellNews } from '../ipc/child-side.js';
import type { ProcessCommands } from '../ipc/commands.js';
import { bind } from '../service/bind.js';
import { Counter, handlers } from '../service/counter.js';
import { CounterService } from '../service/proto.js';

// The service as it is without replication: its process loads nothing of ours.

const server = new grpc.Server();
server.addService(CounterService, handlers(new Counter()));
serveParent<ProcessCommands>({});
tellNews(`127.0.0.1:${await bind(server, '127.0.0.1:0')}`);
