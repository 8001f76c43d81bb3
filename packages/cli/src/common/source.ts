/** Where the records of groups are kept, as the command line names it. */
import { embeddedCoordinator, embeddedGroups } from '@understudy/coordinator-embedded';
import { type EtcdOptions, etcd, etcdGroups } from '@understudy/coordinator-etcd';
import { type Coordinator, UnderstudyError } from '@understudy/core';
import { type Command, Option } from 'commander';
import { read } from './identity.js';

/** Where the records of groups are kept. */
export interface Source {
  /** The name of the place in messages. */
  readonly name: string;
  /** The members of the etcd that keeps them; none if it is a directory. */
  readonly hosts: readonly string[];
  readonly groups: () => Promise<readonly string[]>;
  readonly coordinator: (group: string) => Coordinator;
}

/** The options of the command line that say where the records are kept. */
export interface SourceOptions {
  readonly dir?: string;
  readonly etcd?: string;
  readonly etcdPrefix?: string;
  readonly etcdUser?: string;
  readonly etcdPassword?: string;
  readonly etcdCa?: string;
  readonly etcdCert?: string;
  readonly etcdKey?: string;
}

const NO_PLACE = 'say where the records are kept: --dir <dir>, or --etcd <hosts>';

export const addSourceOptions = (command: Command): Command =>
  command
    .addOption(new Option('--dir <dir>', 'directory where the replicas keep their records').conflicts('etcd'))
    .option('--etcd <hosts>', 'members of the etcd that keeps the records, host:port,host:port')
    .option('--etcd-prefix <prefix>', 'prefix of the keys in etcd (default: understudy/)')
    .option('--etcd-user <name>', 'user of etcd')
    .addOption(new Option('--etcd-password <password>', 'its password').env('UNDERSTUDY_ETCD_PASSWORD'))
    .option('--etcd-ca <file>', "certificate of etcd's authority, PEM")
    .option('--etcd-cert <file>', 'certificate of this client, PEM')
    .option('--etcd-key <file>', 'its key, PEM')
    .hook('preAction', (_command, action) => {
      const { dir, etcd: hosts } = action.opts<SourceOptions>();
      if (dir === undefined && hosts === undefined) action.error(`error: ${NO_PLACE}`);
    });

/** @throws UNDERSTUDY_SETUP if the options name no place, or name a file that cannot be read */
export function sourceOf(options: SourceOptions): Source {
  const { dir, etcd: hosts } = options;
  if (dir !== undefined) {
    return { name: dir, hosts: [], groups: () => embeddedGroups(dir), coordinator: embeddedCoordinator(dir) };
  }
  if (hosts === undefined) throw new UnderstudyError('UNDERSTUDY_SETUP', NO_PLACE);
  const etcdOptions = etcdOptionsOf(hosts, options);
  const coordinator = etcd(etcdOptions);
  const list = hosts.split(',').map((host) => host.trim());
  return { name: `etcd ${hosts}`, hosts: list, groups: () => etcdGroups(etcdOptions), coordinator };
}

function etcdOptionsOf(hosts: string, options: SourceOptions): EtcdOptions {
  const { etcdPrefix, etcdUser, etcdPassword = '', etcdCa, etcdCert, etcdKey } = options;
  return {
    hosts,
    ...(etcdPrefix !== undefined && { keyPrefix: etcdPrefix }),
    ...(etcdUser !== undefined && { auth: { username: etcdUser, password: etcdPassword } }),
    ...(etcdCa !== undefined && {
      credentials: {
        rootCertificate: read(etcdCa),
        ...(etcdKey !== undefined && { privateKey: read(etcdKey) }),
        ...(etcdCert !== undefined && { certChain: read(etcdCert) }),
      },
    }),
  };
}

/** Lends a group's coordinator to `use`, and closes it in any case. */
export async function withCoordinator<T>(
  source: Source,
  group: string,
  use: (coordinator: Coordinator) => Promise<T>,
): Promise<T> {
  const coordinator = source.coordinator(group);
  try {
    return await use(coordinator);
  } finally {
    await coordinator.close();
  }
}
