/** Decides which callers may use the Admin service. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Metadata } from '@grpc/grpc-js';
import { monotonicMs, realOf } from '@understudy/context';
import { OPERATOR_PROOF_BYTES, operatorProof, PROOF_KEY } from '@understudy/grpc-common';
import type { Identified, PeerTrust } from './peer-trust.js';

/** How long an operator may take from the challenge to the call. */
const NONCE_MS = 30_000;
const RANDOM_BYTES = 24;
const TIME_BYTES = 8;
const BODY_BYTES = RANDOM_BYTES + TIME_BYTES;
const NONCE_BYTES = BODY_BYTES + 32;

export interface AdminCall extends Identified {
  readonly metadata: Metadata;
}

/**
 * Checks proofs of operators. Challenges are not kept, because strangers ask for them too: each nonce carries its own
 * time and a MAC of this process. Only nonces that were used are kept, until they are too old to be used again.
 */
export class OperatorCheck {
  readonly #trust: PeerTrust;
  readonly #group: string;
  readonly #replica: string;
  readonly #key = realOf(randomBytes)(32);
  /** When each nonce that served was used. Ascending. */
  readonly #used = new Map<string, number>();

  constructor(trust: PeerTrust, group: string, replica: string) {
    this.#trust = trust;
    this.#group = group;
    this.#replica = replica;
  }

  challenge(): Buffer {
    const body = Buffer.alloc(BODY_BYTES);
    realOf(randomBytes)(RANDOM_BYTES).copy(body);
    body.writeDoubleBE(monotonicMs(), RANDOM_BYTES);
    return Buffer.concat([body, this.#mac(body)]);
  }

  /** @returns why a call of the method is refused, in a sentence; undefined if it is allowed */
  refuses(call: AdminCall, method: string): string | undefined {
    const problem = this.#trust.refusesOperator(call);
    if (problem !== undefined || this.#trust.secret === undefined) return problem;
    const [given] = call.metadata.get(PROOF_KEY);
    if (!Buffer.isBuffer(given) || given.length !== NONCE_BYTES + OPERATOR_PROOF_BYTES) return NO_PROOF;
    const nonce = given.subarray(0, NONCE_BYTES);
    if (!this.#isFresh(nonce)) return 'the challenge is too old, was used before or is not from this replica';
    const asks = { method, group: this.#group, replica: this.#replica, nonce };
    const proof = given.subarray(NONCE_BYTES);
    const known = this.#trust.secret.read().some((secret) => timingSafeEqual(proof, operatorProof(secret, asks)));
    if (!known) return "the proof does not fit this group's secret";
    this.#used.set(nonce.toString('base64'), monotonicMs());
    return undefined;
  }

  #isFresh(nonce: Buffer): boolean {
    const nowMs = monotonicMs();
    for (const [used, atMs] of this.#used) {
      if (nowMs - atMs <= NONCE_MS) break;
      this.#used.delete(used);
    }
    const body = nonce.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(nonce.subarray(BODY_BYTES), this.#mac(body))) return false;
    return nowMs - body.readDoubleBE(RANDOM_BYTES) <= NONCE_MS && !this.#used.has(nonce.toString('base64'));
  }

  #mac(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest();
  }
}

const NO_PROOF =
  "prove that you know the group's secret: ask for a Challenge, and send its nonce and the proof in understudy-proof-bin";
