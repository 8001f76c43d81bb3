/** Looks at addresses from this machine: names, ports and certificates. */
import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { connect as connectTls, type PeerCertificate } from 'node:tls';

const WITHIN_MS = 2_000;

export interface Place {
  readonly host: string;
  readonly port: number;
}

/** @param address `host:port`, with brackets around an IPv6 address; a scheme before it is passed over */
export function placeOf(address: string): Place {
  const plain = address.replace(/^\w+:\/\//, '');
  const colon = plain.lastIndexOf(':');
  return { host: plain.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(plain.slice(colon + 1)) };
}

/** @returns the addresses of a host, or what is wrong if it has none */
export async function resolveHost(host: string): Promise<readonly string[] | Error> {
  if (isIP(host) !== 0) return [host];
  try {
    return [...new Set((await lookup(host, { all: true })).map(({ address }) => address))];
  } catch (error) {
    return error as Error;
  }
}

/** @returns what is wrong; undefined if a process listens there */
export function connectProblem({ host, port }: Place): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: WITHIN_MS });
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => end(undefined));
    socket.once('timeout', () => end('no answer'));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}

/** The certificate that a TLS listener shows to any caller, whether or not this command trusts it. */
export interface Shown {
  readonly certificate: PeerCertificate;
  /** Why the given authority does not vouch for it; undefined if it does. */
  readonly problem: string | undefined;
}

/** @returns undefined if no listener speaks TLS there */
export function shownBy({ host, port }: Place, ca: Buffer | undefined): Promise<Shown | undefined> {
  return new Promise((resolve) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const options = { host, port, ...name, ALPNProtocols: ['h2'], rejectUnauthorized: false, ...(ca && { ca }) };
    const socket = connectTls(options, () => {
      const certificate = socket.getPeerCertificate();
      const why = socket.authorizationError as Error | string | undefined | null;
      socket.destroy();
      resolve({ certificate, problem: why ? String(why instanceof Error ? why.message : why) : undefined });
    });
    const end = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.setTimeout(WITHIN_MS, end);
    socket.once('error', end);
  });
}
