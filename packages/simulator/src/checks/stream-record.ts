import type { StreamItem } from '@understudy/core/internal';
import { itemDigest } from '../services/streamed.js';

/** An item that an application was given. */
export interface GivenItem {
  /** Undefined for the status, whose index nobody tells. */
  readonly index: number | undefined;
  readonly digest: number;
  /** The name of the order that caused it to leave. */
  readonly by: string;
  readonly at: number;
}

/**
 * The items of one stream that an application was given. None of them may be missing from the history that survives.
 */
export class StreamRecord {
  readonly name: string;
  /** The client process; negative without our interceptor. */
  readonly process: number;
  readonly items: GivenItem[] = [];

  constructor(name: string, process: number) {
    this.name = name;
    this.process = process;
  }

  given(index: number, item: StreamItem, by: string, at: number): void {
    this.items.push({ index, digest: itemDigest(item), by, at });
  }

  ended(item: StreamItem, by: string, at: number): void {
    this.items.push({ index: undefined, digest: itemDigest(item), by, at });
  }

  /** @returns the first item that is not what the handler sends in the surviving history */
  differs(sent: readonly number[] | undefined, isExcused: (item: GivenItem) => boolean): GivenItem | undefined {
    return this.items.find((item) => {
      const place = item.index === undefined ? (sent?.length ?? 0) - 1 : item.index - 1;
      return sent?.[place] !== item.digest && !isExcused(item);
    });
  }
}
