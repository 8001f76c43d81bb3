/** The options that concern other replicas: where they reach this one, and what proof they must show. */
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { setupError } from '../checks/setup-error.js';
import { requireCertificates } from '../identity/certificate-names.js';
import { type Exposure, isLoopback } from '../identity/exposure.js';
import { GroupSecret } from '../identity/group-secret.js';
import { PeerTrust } from '../identity/peer-trust.js';
import type { PeerCredentials } from '../links/peer-link.js';
import type { ReplicaServerOptions } from './options.js';

/** A separate listener for other replicas. */
export interface PeerListen {
  /** The address at which replicas reach it. Port 0 stands for the port that it gets. */
  readonly address: string;
  readonly listen: string;
  readonly credentials: ServerCredentials;
}

export interface PeerSetup {
  readonly trust: PeerTrust;
  readonly credentials: PeerCredentials;
  readonly own: PeerListen | undefined;
}

const HOST_PORT = /^(?:\[[^\s[\]]+\]|[^\s:[\]/]+):\d{1,5}$/;

/** @throws UNDERSTUDY_SETUP for options that cannot be used together */
export function peerSetup(options: ReplicaServerOptions): PeerSetup {
  const { peerAddress, peerListen, peerServerCredentials, peerCredentials, peerNames, operatorNames } = options;
  if (peerAddress === undefined && (peerListen !== undefined || peerServerCredentials !== undefined)) {
    throw setupError('peerListen and peerServerCredentials need a separate peer listener: set peerAddress');
  }
  const { livenessAddress } = options;
  for (const [name, place] of Object.entries({ peerAddress, peerListen, livenessAddress })) {
    if (place === undefined || place === false || HOST_PORT.test(place)) continue;
    throw setupError(`${name} must be host:port, and it is ${JSON.stringify(String(place).slice(0, 60))}`);
  }
  const secret = options.groupSecret === undefined ? undefined : new GroupSecret(options.groupSecret);
  const checksPeers = peerServerCredentials !== undefined && requireCertificates(peerServerCredentials);
  const certificates = peerAddress === undefined ? peerNames !== undefined : checksPeers;
  if (peerAddress !== undefined && peerNames !== undefined && !checksPeers)
    throw setupError(NAMES_WITHOUT_CERTIFICATES);
  if (peerServerCredentials !== undefined && !checksPeers && secret === undefined && options.insecurePeers !== true) {
    throw setupError(
      'peerServerCredentials accept a replica without a certificate; pass true as the third argument of createSsl, or set groupSecret',
    );
  }
  if (certificates && peerCredentials === undefined) {
    throw setupError('replicas check certificates and this one has none: set peerCredentials with a certificate');
  }
  return {
    trust: new PeerTrust({
      ...{ secret, certificates },
      ...(peerNames !== undefined && { peerNames }),
      ...(operatorNames !== undefined && { operatorNames }),
    }),
    credentials: peerCredentials ?? credentials.createInsecure(),
    own: peerAddress === undefined ? undefined : { ...listenOf(options, peerAddress) },
  };
}

const listenOf = ({ peerListen, peerServerCredentials }: ReplicaServerOptions, address: string): PeerListen => ({
  ...{ address, listen: peerListen ?? address },
  credentials: peerServerCredentials ?? ServerCredentials.createInsecure(),
});

/**
 * Whether strangers could pass for replicas.
 *
 * @param shared where the server of the clients listens
 * @param announced the address of this replica, in case the server was bound before `attach`
 * @returns what is wrong, in a sentence; undefined if nothing is
 */
export function exposed({ trust, own }: PeerSetup, shared: Exposure, announced: string): string | undefined {
  if (own === undefined && trust.certificates && shared.withoutCertificates !== undefined) {
    return NAMES_WITHOUT_CERTIFICATES;
  }
  if (!trust.open) return undefined;
  const where = own === undefined ? shared.beyondLoopback(announced) : isLoopback(own.listen) ? undefined : own.listen;
  return where === undefined ? undefined : anybody(where);
}

const NAMES_WITHOUT_CERTIFICATES =
  'peerNames needs server credentials that require a certificate of every client; give createSsl true as its third argument';

const anybody = (where: string): string =>
  `anybody who reaches ${where} could pass for a replica of the group; ` +
  'give groupSecret, or peerAddress with peerServerCredentials and peerCredentials for mutual TLS, ' +
  'or insecurePeers: true if the network keeps strangers out';
