/** The options of the etcd coordinator, checked and with their defaults. */
import { UnderstudyError } from '@understudy/core';
import { didYouMean } from '@understudy/core/internal';
import type { IOptions } from 'etcd3';

/** How etcd is reached and used. Only `hosts` is required. */
export interface EtcdOptions {
  /**
   * The members, each `host:port`, or `https://host:port` for TLS with the system's authorities; a list, or a text with
   * commas.
   *
   * @example ['10.0.0.9:2379', '10.0.0.10:2379']
   */
  readonly hosts: string | readonly string[];
  /**
   * User and password, where etcd asks for them, or a function that says them. It is asked at the start and whenever etcd
   * fails to serve, so a password may be changed while replicas run. Default: none.
   *
   * @example () => ({ username: 'bank', password: readFileSync('/run/secrets/etcd', 'utf8').trim() })
   */
  readonly auth?: Renewable<EtcdUser>;
  /**
   * TLS as etcd3 takes it: the authority's certificate, and a client's key and certificate chain, all PEM; or a function
   * that says them, asked as `auth` is, so certificates may be renewed while replicas run. Default: none.
   *
   * @example () => ({ rootCertificate: readFileSync('ca.pem') })
   */
  readonly credentials?: Renewable<NonNullable<IOptions['credentials']>>;
  /**
   * gRPC channel options for the connections to etcd. Default: keepalive pings every 6 s, and at most 1 s between attempts to
   * connect.
   *
   * @example { 'grpc.keepalive_time_ms': 20_000 }
   */
  readonly grpcOptions?: NonNullable<IOptions['grpcOptions']>;
  /**
   * Begins every key, so that several installations share one etcd. The same for all replicas. Default `understudy/`.
   *
   * @example 'staging/understudy/'
   */
  readonly keyPrefix?: string;
  /**
   * A read or change of the record that takes longer is given up, and tried again later; milliseconds. Raise it for an etcd
   * that is far away. Default 5,000.
   */
  readonly deadlineMs?: number;
  /**
   * A member that has not answered for so long is not waited for alone: another is asked too; milliseconds. A change of
   * the record takes so much longer when the member that was asked is dead. Keep it above a round trip to etcd, or each change
   * costs two requests. Default 100.
   */
  readonly hedgeMs?: number;
  /**
   * How long a replica is still listed after it died, seconds; etcd allows no less than 2. No failover waits for it; a replica
   * that starts under another name at the address of one that died waits so long, and one that finds neither a record nor
   * other replicas looks for two thirds of it before it begins a history. A shorter one has each replica tell etcd more
   * often that it runs. Default 5.
   */
  readonly presenceTtlS?: number;
  /**
   * How long a watch may be silent before the record is read again, milliseconds. Each replica makes a request to etcd that
   * often, so raise it where replicas are many; a change that a broken watch did not tell is noticed later then. Default 5,000.
   */
  readonly pollMs?: number;
}

/** A value, or a function that says what it is now. */
export type Renewable<T extends object> = T | (() => T | Promise<T>);

export interface EtcdUser {
  readonly username: string;
  readonly password: string;
}

/** What proves to etcd who this replica is. */
export type EtcdProof = Pick<IOptions, 'auth' | 'credentials'>;

/** The options with their defaults. */
export interface Settings {
  readonly hosts: readonly string[];
  readonly client: Pick<IOptions, 'grpcOptions'>;
  /** @throws what the user's functions throw */
  readonly proof: () => Promise<EtcdProof>;
  /** Whether `proof` may say something else the next time. */
  readonly renewable: boolean;
  readonly keyPrefix: string;
  readonly deadlineMs: number;
  readonly hedgeMs: number;
  readonly presenceTtlS: number;
  readonly pollMs: number;
}

/** Longer spans cannot be set as timers. */
const SPAN_MAX = 2 ** 31 - 1;

const NAMES: Readonly<Record<keyof EtcdOptions, true>> = {
  ...{ hosts: true, auth: true, credentials: true, grpcOptions: true, keyPrefix: true },
  ...{ deadlineMs: true, hedgeMs: true, presenceTtlS: true, pollMs: true },
};

const HOST = /^(?:https?:\/\/)?(?:\[[^\s[\]/]+\]|[^\s:[\]/]+):\d{1,5}$/;

/** @throws UNDERSTUDY_SETUP naming the option that cannot be used */
export function settingsOf(options: EtcdOptions): Settings {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(NAMES, name));
  if (unknown !== undefined) {
    refuse(`there is no ${JSON.stringify(unknown.slice(0, 60))}${didYouMean(unknown, Object.keys(NAMES))}`);
  }
  const hosts = typeof options.hosts === 'string' ? options.hosts.split(',').map((host) => host.trim()) : options.hosts;
  if (!Array.isArray(hosts)) return refuse('hosts is missing; it lists the members, each host:port');
  if (hosts.length === 0) refuse('hosts must name at least one member of etcd');
  for (const host of hosts) if (!HOST.test(host)) refuse(`hosts must list host:port, and has ${JSON.stringify(host)}`);
  const { auth, credentials, grpcOptions, keyPrefix = 'understudy/' } = options;
  if (typeof keyPrefix !== 'string' || keyPrefix === '') refuse('keyPrefix must be a text that is not empty');
  return {
    hosts,
    client: { ...(grpcOptions && { grpcOptions }) },
    proof: async () => {
      const user = await presentOf(auth);
      const tls = await presentOf(credentials);
      return { ...(user && { auth: user }), ...(tls && { credentials: tls }) };
    },
    renewable: typeof auth === 'function' || typeof credentials === 'function',
    keyPrefix,
    deadlineMs: positive('deadlineMs', options.deadlineMs ?? 5_000),
    hedgeMs: positive('hedgeMs', options.hedgeMs ?? 100),
    presenceTtlS: positive('presenceTtlS', options.presenceTtlS ?? 5),
    pollMs: positive('pollMs', options.pollMs ?? 5_000),
  };
}

async function presentOf<T extends object>(value: Renewable<T> | undefined): Promise<T | undefined> {
  return typeof value === 'function' ? await value() : value;
}

function positive(name: string, value: number): number {
  if (Number.isFinite(value) && value > 0 && value <= SPAN_MAX) return value;
  return refuse(`set ${name} to a number above 0 instead of ${value}; it may be ${SPAN_MAX} at most`);
}

function refuse(why: string): never {
  throw new UnderstudyError('UNDERSTUDY_SETUP', `the etcd options cannot be used: ${why}`);
}
