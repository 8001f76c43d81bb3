import type { Outcome } from '@understudy/core';
import { bytesOf, hashText, textOf } from '@understudy/core/testing';

/** What a reply says of the list: so many operations, the last of them, and a digest of them all, in their order. */
export interface Saw {
  readonly length: number;
  readonly digest: number;
  readonly last: string;
}

const EMPTY = 1;
const extend = (digest: number, operation: string): number => Math.imul(digest ^ hashText(operation), 0x9e3779b1) >>> 0;

/**
 * The service of a simulation: a list of operations, each appended under a name of its own. Every reply tells the whole list
 * before it by a digest, so that whatever is lost, doubled or out of place shows in any later reply.
 */
export class ListService {
  operations: string[] = [];
  /** `#digests[n]`: of the first n operations. */
  #digests: number[] = [EMPTY];

  get length(): number {
    return this.operations.length;
  }

  digestAt(length: number): number | undefined {
    return this.#digests[length];
  }

  append(operation: string): Outcome {
    this.#digests.push(extend(this.#digests[this.operations.length] ?? EMPTY, operation));
    this.operations.push(operation);
    return this.look();
  }

  look(): Outcome {
    const { length } = this.operations;
    const text = `${length}/${this.#digests[length]}/${this.operations[length - 1] ?? '-'}`;
    return { code: 0, details: '', message: bytesOf(text) };
  }

  checkpoint(): Uint8Array {
    return bytesOf(this.operations.join(' '));
  }

  restore(state: Uint8Array): void {
    const text = textOf(state);
    this.operations = [];
    this.#digests = [EMPTY];
    if (text !== '') for (const operation of text.split(' ')) this.append(operation);
  }
}

export function sawOf(outcome: Outcome): Saw {
  const [length = '', digest = '', last = ''] = textOf(outcome.message).split('/');
  return { length: Number(length), digest: Number(digest), last };
}
