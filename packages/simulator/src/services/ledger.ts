import type { Reply } from '@understudy/core/internal';
import { bytesOf, hashText, textOf } from '@understudy/core/testing';
import type { Machine, Workload } from './workload.js';

/**
 * The contents of a reply: how many operations there were, a digest of them all, the last of them, and the answer
 * itself.
 */
export interface Saw {
  readonly length: number;
  readonly digest: number;
  readonly last: string;
  /** The answer of the workload's machine, as JSON. */
  readonly output: string;
}

const EMPTY = 1;
const extend = (digest: number, operation: string): number => Math.imul(digest ^ hashText(operation), 0x9e3779b1) >>> 0;

/** Makes a request of the operation's name and its input for the machine (null if it has none). */
export const requestText = (name: string, input: unknown): Uint8Array => bytesOf(`${name} ${JSON.stringify(input)}`);

export function readRequest(message: Uint8Array): { readonly name: string; readonly input: string } {
  const text = textOf(message);
  const space = text.indexOf(' ');
  return { name: text.slice(0, space), input: text.slice(space + 1) };
}

/**
 * The replicated service: a workload's machine, and a list of the operations that changed it and of the replies that
 * came from another service. Every reply carries a digest of the whole list before it, so whatever is lost, doubled or
 * out of place shows in any later reply.
 */
export class Ledger {
  readonly #workload: Workload;
  #machine: Machine;
  operations: string[] = [];
  /** By stream, digests of the items that its handler sent. They are part of the history, though not of the list. */
  streams = new Map<string, number[]>();
  /** The time of the last order that a handler ran in. */
  timeMs = 0;
  /** Timers that are armed and are data, by the order in which they were. Only runs with an agenda have them here. */
  armed = new Map<number, ArmedTimer>();
  /** The timers that come again and again, by name. */
  #rung = new Map<string, Rings>();
  /** A value that no reply shows. Something outside of all handlers may change it. */
  stray = 0;
  /** `#digests[n]` is the digest of the first n operations. */
  #digests: number[] = [EMPTY];

  constructor(workload: Workload) {
    this.#workload = workload;
    this.#machine = workload.create();
  }

  get length(): number {
    return this.operations.length;
  }

  digestAt(length: number): number | undefined {
    return this.#digests[length];
  }

  run(name: string, input: string): Reply {
    this.#add(name);
    return this.look(input);
  }

  /**
   * A repeating timer rings.
   *
   * @returns how often it has rung by now
   */
  rings(name: string, timeMs: number): number {
    const times = this.timesRung(name) + 1;
    this.#rung.set(name, { times, timeMs });
    return times;
  }

  timesRung(name: string): number {
    return this.#rung.get(name)?.times ?? 0;
  }

  lastRang(name: string): number | undefined {
    return this.#rung.get(name)?.timeMs;
  }

  /** A reply of another service becomes part of the history. */
  hear(reply: string): void {
    this.#add(reply);
  }

  #add(entry: string): void {
    this.#digests.push(extend(this.#digests[this.operations.length] ?? EMPTY, entry));
    this.operations.push(entry);
  }

  /** Asks the machine without a trace in the list. */
  look(input: string): Reply {
    const parsed: unknown = JSON.parse(input);
    const output = parsed === null ? 'null' : JSON.stringify(this.#machine.run(parsed));
    return { kind: 'reply', code: 0, details: '', message: bytesOf(`${this.place}${output}`) };
  }

  /** The history so far. */
  get place(): string {
    const { length } = this.operations;
    return `${length}/${this.#digests[length]}/${this.operations[length - 1] ?? '-'}/`;
  }

  checkpoint(): Uint8Array {
    const { operations, timeMs, stray } = this;
    const streams = [...this.streams];
    const timers = this.armed.size + this.#rung.size > 0 && { armed: [...this.armed], rung: [...this.#rung] };
    return bytesOf(JSON.stringify({ operations, timeMs, streams, stray, state: this.#machine.save(), ...timers }));
  }

  restore(checkpoint: Uint8Array): void {
    const { operations, timeMs, streams, state, stray, armed, rung } = JSON.parse(textOf(checkpoint)) as Saved;
    this.timeMs = timeMs;
    this.stray = stray;
    this.armed = new Map(armed);
    this.#rung = new Map(rung);
    this.streams = new Map(streams);
    this.operations = operations;
    this.#digests = [EMPTY];
    for (const name of operations) this.#digests.push(extend(this.#digests.at(-1) ?? EMPTY, name));
    this.#machine = this.#workload.create();
    this.#machine.load(state);
  }
}

interface Saved {
  readonly operations: string[];
  readonly timeMs: number;
  readonly streams: [string, number[]][];
  readonly state: unknown;
  readonly stray: number;
  readonly armed?: [number, ArmedTimer][];
  readonly rung?: [string, Rings][];
}

/** How often a timer rang, and the time of the order in which it rang last. */
interface Rings {
  readonly times: number;
  readonly timeMs: number;
}

/** A timer of `after`, until it rings. */
export interface ArmedTimer {
  readonly name: string;
  readonly dueMs: number;
}

export const sawOf = (outcome: Reply): Saw => readSaw(textOf(outcome.message));

export function readSaw(text: string): Saw {
  const [length = '', digest = '', last = ''] = text.split('/', 3);
  const output = text.slice(length.length + digest.length + last.length + 3);
  return { length: Number(length), digest: Number(digest), last, output };
}
