/** The targets of replicated clients: `understudy:///` and the addresses of all replicas. */
import { experimental } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';

export const SCHEME = 'understudy';
/** The port that gRPC uses when a target names none. */
const DEFAULT_PORT = 443;
export const REPLICAS_MAX = 64;

/** The address of one replica. */
export interface ReplicaAddress {
  /**
   * The address as gRPC writes it: `host:port`, `[v6]:port` or the path of a socket. The trailer `understudy-primary`
   * is compared with this.
   */
  readonly text: string;
  /** The target that grpc-js connects to. A host name is looked up at each attempt. */
  readonly address: experimental.SubchannelAddress;
  /** The name that the replica's certificate must have. */
  readonly host: string;
}

/**
 * Parses `understudy:///host:port,host:port`. Hosts are names, IPv4 addresses, or IPv6 addresses in brackets;
 * `unix:path` and `unix:///path` name sockets.
 *
 * @throws UNDERSTUDY_CONFIG if the target has another form, is empty, or names an address twice
 */
export function parseTarget(target: string): readonly ReplicaAddress[] {
  const list = addressList(target);
  if (list === '') refuse(target, 'names no address');
  const addresses = list.split(',').map((entry) => parseAddress(entry.trim(), target));
  if (addresses.length > REPLICAS_MAX) refuse(target, `names ${addresses.length} addresses, more than ${REPLICAS_MAX}`);
  const seen = new Set<string>();
  for (const { text } of addresses) {
    if (seen.has(text)) refuse(target, `names ${text} twice`);
    seen.add(text);
  }
  return addresses;
}

function addressList(target: string): string {
  const scheme = `${SCHEME}:`;
  if (!target.startsWith(scheme)) refuse(target, `has another scheme than ${SCHEME}`);
  const rest = target.slice(scheme.length);
  if (!rest.startsWith('//')) return rest.replace(/^\//, '');
  // Two slashes begin an authority, and a target of ours has none.
  if (!rest.startsWith('///')) refuse(target, 'has two slashes where three belong');
  return rest.slice(3);
}

/**
 * Parses one entry of a target's list.
 *
 * @throws UNDERSTUDY_CONFIG
 */
export function parseAddress(entry: string, target = entry): ReplicaAddress {
  if (entry === '') refuse(target, 'has an empty address in its list');
  if (entry.startsWith('unix:')) {
    const path = socketPath(entry);
    if (path === undefined) refuse(target, `has "${entry}", whose path is empty or not absolute after two slashes`);
    return { text: path, address: { path }, host: 'localhost' };
  }
  const hostPort = experimental.splitHostPort(entry);
  if (hostPort === null || !/^[\w.:%-]+$/.test(hostPort.host)) refuse(target, `has "${entry}", which is not host:port`);
  const { host, port = DEFAULT_PORT } = hostPort;
  if (port < 1 || port > 65_535) refuse(target, `has "${entry}", whose port is not between 1 and 65535`);
  const text = experimental.subchannelAddressToString({ host, port });
  return { text, address: { host, port }, host };
}

/** grpc-js reads `unix:relative`, `unix:/absolute` and `unix:///absolute`. */
function socketPath(entry: string): string | undefined {
  const rest = entry.slice('unix:'.length);
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '' || (rest.startsWith('//') && !path.startsWith('/'))) return undefined;
  return path;
}

function refuse(target: string, what: string): never {
  throw new UnderstudyError(
    'UNDERSTUDY_CONFIG',
    `the target "${target}" ${what}; write ${SCHEME}:///host:port,host:port with the address of every replica`,
  );
}
