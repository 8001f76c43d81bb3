/** Identifies callers: the identity that a client has proved, and the owner of the name that a calling group uses. */
import { timingSafeEqual } from 'node:crypto';
import { type NestedCaller, PROVEN_OWNER, type Request, UNPROVEN_OWNER } from '@understudy/core/internal';
import { type AuthContext, callerProof } from '@understudy/grpc-common';

/**
 * The identity that the other side has proved: the subject of its certificate, if the server asked for one and accepted
 * it. Its address proves nothing, and a renewed certificate keeps its subject.
 */
export function identityOf(context: AuthContext | null): string | undefined {
  const subject = context?.sslPeerCertificate?.subject;
  return subject === undefined ? undefined : JSON.stringify(subject);
}

/**
 * The secrets by which groups that call this one prove their names: by the name of the calling group, one secret or,
 * while it is renewed, several that are valid at once.
 */
export type CallerSecrets = Readonly<Record<string, string | readonly string[]>>;

/** Finds the owner of the name that a calling group uses. */
export class CallerNames {
  readonly #group: string;
  readonly #secrets: ReadonlyMap<string, readonly string[]>;

  /** @param group the name of the group that is called */
  constructor(group: string, secrets: CallerSecrets) {
    this.#group = group;
    this.#secrets = new Map(Object.entries(secrets).map(([name, each]) => [name, [each].flat()]));
  }

  /**
   * Adds the owner of its caller's name to a request. Replicas agree on the owner, because the same client sends the
   * request to all of them. If the name has a secret that the caller does not prove to know, the group refuses the call
   * in its place.
   */
  owned(request: Request, identity: string | undefined): Request {
    return request.nested === undefined ? request : { ...request, nested: this.#owned(request.nested, identity) };
  }

  #owned({ proof, ...caller }: NestedCaller, identity: string | undefined): NestedCaller {
    const name = caller.client.slice(0, caller.client.lastIndexOf('/'));
    const secrets = this.#secrets.get(name);
    if (secrets === undefined) return identity === undefined ? caller : { ...caller, owner: identity };
    if (proof !== undefined && secrets.some((secret) => isEqual(callerProof(secret, this.#group, caller), proof)))
      return { ...caller, owner: PROVEN_OWNER };
    return { ...caller, owner: UNPROVEN_OWNER };
  }
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
