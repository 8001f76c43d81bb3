/** Runs one replica of an example in this process. */
import { readFileSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { embeddedCoordinator } from '@understudy/coordinator-embedded';
import { etcd } from '@understudy/coordinator-etcd';
import { type CoordinatorFactory, createReplica, type Logger, type ReplicaServer } from '@understudy/server';
import { Command, Option } from 'commander';
import { bind } from './bind.js';
import type { Hosted } from './hosted.js';
import { jsonLogger } from './json-logger.js';
import type { Mode } from './mode.js';
import { addModeOptions, modeOf } from './mode-options.js';

/** The options that the command line of every replica has. */
interface Options extends Mode {
  readonly id: string;
  readonly address: string;
  readonly listen: string | undefined;
  readonly peerAddress: string | undefined;
  readonly peerListen: string | undefined;
  readonly livenessAddress: string | undefined;
  readonly coordinator: string | undefined;
  readonly etcd: string | undefined;
  readonly etcdPrefix: string;
  readonly groupSecretFile: string | undefined;
  readonly insecurePeers: boolean;
  readonly debug: boolean;
}

/** Hooks for programs that watch the replica they run. */
export interface Watch {
  /** Wraps the logger of the replica. */
  readonly logger?: (logger: Logger) => Logger;
  /** Called when the replica is made, before it starts. */
  readonly made?: (replica: ReplicaServer) => void;
}

/**
 * Runs one replica of a service. The command line of this process gives its options.
 *
 * @returns resolves with the replica's address when the replica is primary or an in-sync backup
 */
export async function serve<Own extends object>(hosted: Hosted<Own>, watch: Watch = {}): Promise<string> {
  const { what, group, serviceConfig, state, addOptions = (command) => command, addTo } = hosted;
  const command = addOptions(commandOf(what)).parse();
  const options = command.opts<Options & Own>();
  const log = jsonLogger(options.debug ? ['debug', 'info', 'warn', 'error'] : undefined);
  const replica = createReplica({
    group,
    replicaId: options.id,
    address: options.address,
    coordinator: coordinatorOf(options, command),
    state,
    serviceConfig: serviceConfig(modeOf(options)),
    logger: watch.logger?.(log) ?? log,
    ...secretOf(options),
    ...peerPlaceOf(options),
    insecurePeers: options.insecurePeers,
  });
  watch.made?.(replica);
  const server = new grpc.Server({ interceptors: replica.interceptors([]) });
  replica.attach(server);
  addTo(server, options);
  await bind(server, options.listen ?? options.address);
  await replica.start();
  return options.address;
}

const commandOf = (what: string): Command =>
  addModeOptions(
    new Command('server')
      .description(
        `Runs one replica of a ${what}. Start several, each with an address\nof its own and all with the same directory or etcd.`,
      )
      .requiredOption('--id <name>', 'name of this replica, different from all others')
      .requiredOption('--address <host:port>', 'where the other replicas and the clients reach this one')
      .option('--listen <host:port>', 'where to listen, if not at --address')
      .option(
        '--peer-address <host:port>',
        'where the other replicas and operators reach this one, if not at --address',
      )
      .option('--peer-listen <host:port>', 'where to listen for them, if not at --peer-address')
      .option('--liveness-address <host:port>', 'where heartbeats are exchanged (default: a free port)')
      .option('--coordinator <dir>', "directory that keeps the group's record, the same for all replicas")
      .option('--etcd <hosts>', "members of the etcd that keeps the group's record, host:port,host:port")
      .option('--etcd-prefix <prefix>', 'start of all keys in etcd', 'understudy/'),
  )
    .addOption(
      new Option('--group-secret-file <file>', `file with the secret of all replicas (or ${SECRET_VARIABLE})`).env(
        'UNDERSTUDY_GROUP_SECRET_FILE',
      ),
    )
    .option('--insecure-peers', 'start without a secret, although others can reach this replica', false)
    .option('--debug', 'log everything', false);

/** The environment variable that holds the secret. An option would show it to every user of the machine. */
const SECRET_VARIABLE = 'UNDERSTUDY_GROUP_SECRET';

const peerPlaceOf = ({ peerAddress, peerListen, livenessAddress }: Options) => ({
  ...(peerAddress !== undefined && { peerAddress }),
  ...(peerListen !== undefined && { peerListen }),
  ...(livenessAddress !== undefined && { livenessAddress }),
});

/** A file is read again for each new connection, so that its secret can be renewed. A second line is a second secret. */
function secretOf({ groupSecretFile: file }: Options): { readonly groupSecret?: string | (() => string[]) } {
  const secret = process.env[SECRET_VARIABLE];
  if (file !== undefined)
    return {
      groupSecret: () =>
        readFileSync(file, 'utf8')
          .trim()
          .split(/\s*\n\s*/),
    };
  return secret === undefined || secret === '' ? {} : { groupSecret: secret };
}

function coordinatorOf({ coordinator, etcd: hosts, etcdPrefix }: Options, command: Command): CoordinatorFactory {
  if (hosts !== undefined) return etcd({ hosts, keyPrefix: etcdPrefix });
  if (coordinator !== undefined) return embeddedCoordinator(coordinator);
  return command.error('error: give --coordinator or --etcd, so that the replicas find each other');
}
