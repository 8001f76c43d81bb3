/** Decides whether the other side is a replica of this group, or an operator. */
import type { ReplicaId } from '@understudy/core';
import type { AuthContext } from '@understudy/grpc-common';
import { namesOf } from './certificate-names.js';
import type { GroupSecret } from './group-secret.js';

/** Replica ids and the names in their certificates. */
export type PeerNames = Readonly<Record<string, string | readonly string[]>>;

export interface PeerTrustOptions {
  readonly secret: GroupSecret | undefined;
  /** Whether the other side must show a certificate. */
  readonly certificates: boolean;
  readonly peerNames?: PeerNames;
  readonly operatorNames?: readonly string[];
}

/** Either side of a call. */
export interface Identified {
  getAuthContext(): AuthContext | null;
}

/** The proof that other replicas owe. If the group has a secret and certificates, they owe both. */
export class PeerTrust {
  readonly secret: GroupSecret | undefined;
  readonly certificates: boolean;
  readonly #peers: PeerNames | undefined;
  readonly #operators: readonly string[] | undefined;

  constructor({ secret, certificates, peerNames, operatorNames }: PeerTrustOptions) {
    this.secret = secret;
    this.certificates = certificates;
    this.#peers = peerNames;
    this.#operators = operatorNames;
  }

  /** Whether the replica demands no proof at all. */
  get open(): boolean {
    return this.secret === undefined && !this.certificates;
  }

  /** @returns why the other side of a new link may not even say hello, in a sentence; undefined if it may */
  refusesStranger(call: Identified): string | undefined {
    if (!this.certificates) return undefined;
    const names = namesOf(call.getAuthContext());
    if (names === undefined) return NO_CERTIFICATE;
    if (this.#peers === undefined || includesAny(Object.values(this.#peers).flat(), names)) return undefined;
    return `no replica in peerNames has a certificate with ${said(names)}`;
  }

  /** @returns why the other side is not the replica that it claims to be, in a sentence; undefined if it is */
  refusesReplica(call: Identified, id: ReplicaId): string | undefined {
    if (!this.certificates) return undefined;
    const names = namesOf(call.getAuthContext());
    if (names === undefined) return NO_CERTIFICATE;
    const wanted = this.#namesOf(id);
    if (includesAny(wanted, names)) return undefined;
    const allowed = wanted.length === 0 ? 'peerNames does not list it' : `it must have ${said(wanted)}`;
    return `the certificate of replica ${id} has ${said(names)}: ${allowed}`;
  }

  /** @returns why the certificate does not let its owner call the Admin service, in a sentence; undefined if it does */
  refusesOperator(call: Identified): string | undefined {
    if (!this.certificates) return undefined;
    const names = namesOf(call.getAuthContext());
    if (names === undefined) return 'show a certificate that the server accepts';
    const listed = [...(this.#operators ?? []), ...Object.values(this.#peers ?? {}).flat()];
    const anybody = this.#operators === undefined && this.#peers === undefined;
    if (anybody || includesAny(listed, names)) return undefined;
    return `neither operatorNames nor peerNames lists a certificate with ${said(names)}`;
  }

  #namesOf(id: ReplicaId): readonly string[] {
    if (this.#peers === undefined) return [id];
    return Object.hasOwn(this.#peers, id) ? [this.#peers[id] ?? []].flat() : [];
  }
}

const NO_CERTIFICATE = 'a replica must show a certificate that this one accepts; give it peerCredentials with one';

const includesAny = (allowed: readonly string[], names: readonly string[]): boolean =>
  names.some((name) => allowed.includes(name));

const said = (names: readonly string[]): string =>
  names.length === 0 ? 'no name' : `the name ${names.map((name) => JSON.stringify(name.slice(0, 80))).join(' or ')}`;
