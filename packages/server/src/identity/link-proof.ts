/**
 * How two replicas prove to each other that they know the group's secret: each sends a challenge, then the dialling one
 * its proof, then the other. A proof is an HMAC over its direction and both challenges, so it serves on this link only.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto';

import { realOf } from '@understudy/context';
import type { Member, ReplicaId } from '@understudy/core';

import { sameMember } from '@understudy/core/internal';
import { derivedKey, macOf } from '@understudy/grpc-common';
import {
  decodePeerChallenge,
  decodePeerProof,
  encodePeerChallenge,
  encodePeerProof,
  PEER_NONCE_BYTES,
  type PeerChallenge,
} from '@understudy/wire';
import { setupError } from '../checks/setup-error.js';
import type { GroupSecret } from './group-secret.js';

/** The keys of one link, one for each direction. */
export interface LinkKeys {
  readonly toDialled: Buffer;
  readonly toDialler: Buffer;
}

type Side = 'dialler' | 'dialled';

const newChallenge = (group: string, member: Member): PeerChallenge => ({
  ...{ group, member, nonce: realOf(randomBytes)(PEER_NONCE_BYTES) },
});

/** Both challenges of a link, and what follows from them. */
class Exchange {
  readonly #parts: readonly (string | Uint8Array)[];
  readonly #salt: Buffer;

  constructor(dialler: PeerChallenge, dialled: PeerChallenge) {
    const partsOf = ({ member, nonce }: PeerChallenge) => [member.id, member.incarnation, nonce];
    this.#parts = [dialler.group, ...partsOf(dialler), ...partsOf(dialled)];
    this.#salt = Buffer.concat([dialler.nonce, dialled.nonce]);
  }

  proof(secret: Buffer, side: Side): Buffer {
    return macOf(derivedKey(secret, 'peer proof'), [side, ...this.#parts]);
  }

  keys(secret: Buffer): LinkKeys {
    return {
      toDialled: derivedKey(secret, 'link to dialled', this.#salt),
      toDialler: derivedKey(secret, 'link to dialler', this.#salt),
    };
  }
}

/** The dialling side. */
export class DiallingProof {
  /** The first frame on the link. */
  readonly challenge: Uint8Array;
  readonly #secret: Buffer;
  readonly #mine: PeerChallenge;
  readonly #peer: ReplicaId;
  #exchange: Exchange | undefined;
  #theirs: Member | undefined;

  /** @param peer the replica that is dialled */
  constructor(secret: GroupSecret, group: string, self: Member, peer: ReplicaId) {
    [this.#secret] = secret.read();
    this.#mine = newChallenge(group, self);
    this.#peer = peer;
    this.challenge = encodePeerChallenge(this.#mine);
  }

  /**
   * @returns this side's proof, and the keys for everything after it
   * @throws UNDERSTUDY_MALFORMED, or UNDERSTUDY_SETUP if another replica answers
   */
  onChallenge(bytes: Uint8Array): { readonly proof: Uint8Array; readonly keys: LinkKeys } {
    const theirs = decodePeerChallenge(bytes);
    checkGroup(this.#mine, theirs);
    if (theirs.member.id !== this.#peer) {
      throw setupError(`the replica that answers is named ${theirs.member.id}, not ${this.#peer}`);
    }
    this.#theirs = theirs.member;
    this.#exchange = new Exchange(this.#mine, theirs);
    return {
      proof: encodePeerProof(this.#exchange.proof(this.#secret, 'dialler')),
      keys: this.#exchange.keys(this.#secret),
    };
  }

  /** @throws UNDERSTUDY_MALFORMED, or UNDERSTUDY_SETUP if the proof is wrong */
  onProof(bytes: Uint8Array): Member {
    const [exchange, theirs] = [this.#exchange, this.#theirs];
    const proof = decodePeerProof(bytes);
    if (exchange === undefined || theirs === undefined) throw setupError('a proof came before a challenge');
    if (!timingSafeEqual(proof, exchange.proof(this.#secret, 'dialled'))) throw setupError(UNPROVEN);
    return theirs;
  }
}

export interface Proven {
  readonly member: Member;
  /** This side's proof, to be sent before anything is sealed. */
  readonly proof: Uint8Array;
  readonly keys: LinkKeys;
  /** The secret that the other side knows. */
  readonly secret: Buffer;
}

/** The accepting side. It proves itself only to a side that has done so. */
export class AcceptingProof {
  readonly #secret: GroupSecret;
  readonly #mine: PeerChallenge;
  #theirs: PeerChallenge | undefined;

  constructor(secret: GroupSecret, group: string, self: Member) {
    this.#secret = secret;
    this.#mine = newChallenge(group, self);
  }

  /**
   * @returns the challenge of this side
   * @throws UNDERSTUDY_MALFORMED, or UNDERSTUDY_SETUP if the other belongs to another group
   */
  onChallenge(bytes: Uint8Array): Uint8Array {
    const theirs = decodePeerChallenge(bytes);
    checkGroup(this.#mine, theirs);
    this.#theirs = theirs;
    return encodePeerChallenge(this.#mine);
  }

  /** @throws UNDERSTUDY_MALFORMED, or UNDERSTUDY_SETUP if the proof is wrong */
  onProof(bytes: Uint8Array): Proven {
    const proof = decodePeerProof(bytes);
    const theirs = this.#theirs;
    if (theirs === undefined) throw setupError('a proof came before a challenge');
    const exchange = new Exchange(theirs, this.#mine);
    const secret = this.#secret.read().find((each) => timingSafeEqual(proof, exchange.proof(each, 'dialler')));
    if (secret === undefined) throw setupError(UNPROVEN);
    return {
      member: theirs.member,
      proof: encodePeerProof(exchange.proof(secret, 'dialled')),
      keys: exchange.keys(secret),
      secret,
    };
  }
}

/** @throws UNDERSTUDY_SETUP if a hello names another replica than the one that proved itself */
export function checkSame(proven: Member, said: Member): void {
  if (!sameMember(proven, said)) throw setupError('the hello names another replica than the one that proved itself');
}

function checkGroup(mine: PeerChallenge, theirs: PeerChallenge): void {
  if (mine.group === theirs.group) return;
  throw setupError(
    `replica ${theirs.member.id} belongs to group ${theirs.group}, replica ${mine.member.id} to ${mine.group}`,
  );
}

const UNPROVEN = "the other side does not know this group's secret; give all its replicas the same groupSecret";
