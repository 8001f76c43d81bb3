import * as grpc from '@grpc/grpc-js';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { etcd } from '@understudy/coordinator-etcd';
import type { CoordinatorFactory } from '@understudy/core';
import { CLAIMS } from '@understudy/core/internal';
import { createReplica, type ReplicaServerOptions } from '@understudy/server';
import { Command } from 'commander';
import { monotonicMs } from '../demo/clock.js';
import type { ReportCommand, ServerMessage } from '../demo/messages.js';
import { bind } from './bind.js';
import { jsonLogger } from './json-logger.js';
import { memoryInUse } from './memory.js';
import type { Mode } from './mode.js';
import { addModeOptions, modeOf } from './mode-options.js';
import { endWithParent, tellParent } from './parent.js';
import { reportChanges } from './status-reports.js';

/** What the command line says to every replica. */
interface Options extends Mode {
  readonly id: string;
  readonly address: string;
  readonly listen: string | undefined;
  readonly coordinator: string | undefined;
  readonly etcd: string | undefined;
  readonly etcdPrefix: string;
  readonly debug: boolean;
}

/** An example service, as the process of a replica needs it. `Own`: its own options on the command line. */
export interface Hosted<Own extends object = object> {
  /** For the help: 'bank'. */
  readonly what: string;
  readonly group: string;
  readonly serviceConfig: (mode: Mode) => object;
  readonly state: ReplicaServerOptions['state'];
  /** What the service says of its state when it is asked how it stands. */
  readonly audit: () => unknown;
  /** Adds options of this service's own to those that all have. */
  readonly addOptions?: (command: Command) => Command;
  readonly addTo: (server: grpc.Server, options: Mode & Own) => void;
}

/** Runs one replica: reads the command line of this process, and reports to the one that started it. */
export async function runReplica<Own extends object>(hosted: Hosted<Own>): Promise<void> {
  const { what, group, serviceConfig, state, audit, addOptions = (command) => command, addTo } = hosted;
  const command = addOptions(commandOf(what)).parse();
  const options = command.opts<Options & Own>();
  endWithParent();
  const tell = (message: ServerMessage): void => tellParent(message);
  const logger = jsonLogger(options.debug ? ['debug', 'info', 'warn', 'error'] : undefined);
  const replica = createReplica({
    group,
    replicaId: options.id,
    address: options.address,
    coordinator: coordinatorOf(options, command),
    state,
    serviceConfig: serviceConfig(modeOf(options)),
    logger: {
      log(level, event, fields) {
        if (event === CLAIMS) tell({ kind: 'claims', atMs: monotonicMs() });
        logger.log(level, event, fields);
      },
    },
  });
  replica.on('role', (status) => tell({ kind: 'status', atMs: monotonicMs(), status }));
  const server = new grpc.Server({ interceptors: replica.interceptors([]) });
  replica.attach(server);
  addTo(server, options);
  await bind(server, options.listen ?? options.address);
  await replica.start();

  tell({ kind: 'listening', address: options.address });
  process.on('message', async ({ kind }: ReportCommand) => {
    if (kind !== 'report') return;
    const memory = await memoryInUse();
    tell({ kind, status: replica.status, audit: audit(), memory });
  });
  reportChanges(
    () => replica.status,
    (status) => tell({ kind: 'status', atMs: monotonicMs(), status }),
  );
}

const commandOf = (what: string): Command =>
  addModeOptions(
    new Command('server')
      .description(
        `Runs one replica of a ${what}. Start several with the same directory or etcd, and different\naddresses.`,
      )
      .requiredOption('--id <name>', 'name of this replica, unique in the group')
      .requiredOption('--address <host:port>', 'where to listen; the other replicas and the clients reach it there')
      .option('--listen <host:port>', 'where to listen, if that is not the address')
      .option('--coordinator <dir>', "directory that keeps the group's record, the same for all replicas")
      .option('--etcd <hosts>', "members of the etcd that keeps the group's record, host:port,host:port")
      .option('--etcd-prefix <prefix>', 'begins the keys in etcd', 'understudy/'),
  ).option('--debug', 'log everything', false);

function coordinatorOf({ coordinator, etcd: hosts, etcdPrefix }: Options, command: Command): CoordinatorFactory {
  if (hosts !== undefined) return etcd({ hosts, keyPrefix: etcdPrefix });
  if (coordinator !== undefined) return embeddedCoordinator(coordinator);
  return command.error('error: give --coordinator or --etcd, so that the replicas find each other');
}
