/** The options of the etcd coordinator, checked and with their defaults. */
import { UnderstudyError } from '@understudy/core';
import type { IOptions } from 'etcd3';

export interface EtcdOptions {
  /** The members of etcd: `host:port`, or `https://host:port` for TLS with the system's certificate authorities. */
  readonly hosts: string | readonly string[];
  /** User and password, if etcd requires them. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** TLS as etcd3 takes it: the authority's certificate, and the client's key and certificate chain, all PEM. */
  readonly credentials?: NonNullable<IOptions['credentials']>;
  /** gRPC channel options for the connections to etcd. */
  readonly grpcOptions?: NonNullable<IOptions['grpcOptions']>;
  /** Prefix of every key. Default `understudy/`. */
  readonly keyPrefix?: string;
  /** How long a call may take, milliseconds. Default 5000. */
  readonly deadlineMs?: number;
  /** How long to wait for one member before another is asked too, milliseconds. Default 100. */
  readonly hedgeMs?: number;
  /** How long a replica is still listed after it died, seconds; etcd allows no less than 2. Default 5. */
  readonly presenceTtlS?: number;
  /** How long a watch may be silent before the record is read again, milliseconds. Default 5000. */
  readonly pollMs?: number;
}

/** The options with their defaults. */
export interface Settings {
  readonly hosts: readonly string[];
  readonly client: Omit<IOptions, 'hosts'>;
  readonly keyPrefix: string;
  readonly deadlineMs: number;
  readonly hedgeMs: number;
  readonly presenceTtlS: number;
  readonly pollMs: number;
}

const HOST = /^(?:https?:\/\/)?(?:\[[^\s[\]/]+\]|[^\s:[\]/]+):\d{1,5}$/;

/** @throws UNDERSTUDY_SETUP naming the option that cannot be used */
export function settingsOf(options: EtcdOptions): Settings {
  const hosts = typeof options.hosts === 'string' ? options.hosts.split(',').map((host) => host.trim()) : options.hosts;
  if (hosts.length === 0) refuse('hosts must name at least one member of etcd');
  for (const host of hosts) if (!HOST.test(host)) refuse(`hosts must list host:port, and has ${JSON.stringify(host)}`);
  const { auth, credentials, grpcOptions, keyPrefix = 'understudy/' } = options;
  return {
    hosts,
    client: { ...(auth && { auth }), ...(credentials && { credentials }), ...(grpcOptions && { grpcOptions }) },
    keyPrefix,
    deadlineMs: positive('deadlineMs', options.deadlineMs ?? 5_000),
    hedgeMs: positive('hedgeMs', options.hedgeMs ?? 100),
    presenceTtlS: positive('presenceTtlS', options.presenceTtlS ?? 5),
    pollMs: positive('pollMs', options.pollMs ?? 5_000),
  };
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value;
  return refuse(`set ${name} to a number above 0 instead of ${value}`);
}

function refuse(why: string): never {
  throw new UnderstudyError('UNDERSTUDY_SETUP', `the etcd options cannot be used: ${why}`);
}
