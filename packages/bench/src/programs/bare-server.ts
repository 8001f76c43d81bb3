/** The program of the bare service, without replication. It loads none of our code. */
import * as grpc from '@grpc/grpc-js';
import { serveParent, tellNews } from '../ipc/child-side.js';
import type { ProcessCommands } from '../ipc/commands.js';
import { bind } from '../service/bind.js';
import { Counter, handlers } from '../service/counter.js';
import { ANY_SIZE, CounterService } from '../service/proto.js';

const server = new grpc.Server(ANY_SIZE);
server.addService(CounterService, handlers(new Counter()));
serveParent<ProcessCommands>({});
tellNews(`127.0.0.1:${await bind(server, '127.0.0.1:0')}`);
