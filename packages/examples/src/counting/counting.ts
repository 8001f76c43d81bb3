/** The state of the counting service, without any gRPC. */
import { decodeCheckpoint, encodeCheckpoint, isCount, isRecord } from '../common/json-checkpoint.js';
import type { CountReply, CountRequest } from './proto.js';

const VERSION = 1;

/** One of the named counters. */
export interface Tally {
  /** How many requests were counted. */
  readonly count: number;
  /** The sum of the numbers of these requests. */
  readonly sum: number;
}

type SavedTallies = readonly (readonly [name: string, tally: Tally])[];

/** Counts requests by tally. The state depends on nothing but the requests and their order. */
export class Counting {
  #tallies = new Map<string, Tally>();
  #total = 0;

  count({ tally: name, number }: CountRequest): CountReply {
    const { count, sum } = this.#tallies.get(name) ?? { count: 0, sum: 0 };
    this.#tallies.set(name, { count: count + 1, sum: sum + number });
    this.#total += 1;
    return { number, counted: count + 1, place: this.#total };
  }

  audit(): Readonly<Record<string, Tally>> {
    return Object.fromEntries(this.#tallies);
  }

  /** Copies the whole state into bytes. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint(VERSION, [...this.#tallies] satisfies SavedTallies);
  }

  /** Replaces the whole state. Throws and changes nothing if the bytes are not a checkpoint. */
  restore(bytes: Uint8Array): void {
    this.#tallies = new Map(decodeCheckpoint(bytes, VERSION, 'the counting service', isSaved));
    this.#total = [...this.#tallies.values()].reduce((total, { count }) => total + count, 0);
  }
}

const isSaved = (value: unknown): value is SavedTallies =>
  Array.isArray(value) &&
  value.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string' && isTally(pair[1]));

const isTally = (value: unknown): value is Tally => isRecord(value) && isCount(value.count) && isCount(value.sum);
