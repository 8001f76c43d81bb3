import type { Mode } from '@understudy/examples/common/mode.js';
import { seededRandom } from '../../hosting/random.js';
import { MODES } from '../plan.js';

/** How much is sent in a run, and how patient the replicas are. */
export interface StreamsSize {
  /** Each with a kill of the primary, streams of its own and a client process of its own; the group goes on. */
  readonly rounds: number;
  /** Open at once. */
  readonly streams: number;
  /** Of each stream. */
  readonly messages: number;
  /** A process that gets no processor for that long is taken for dead. */
  readonly leaseMs: number;
}

export interface Round {
  /** The primary is killed when so many messages were answered. */
  readonly killAfter: number;
  /** Sessions that share the streams. */
  readonly sessions: number;
}

/** One run; follows from its seed and its size alone. */
export interface StreamsPlan {
  readonly seed: number;
  readonly size: StreamsSize;
  readonly mode: Mode;
  readonly rounds: readonly Round[];
}

const SESSIONS_MAX = 4;

/** Streams travel as frames, whatever carries unary calls. */
export const STREAM_MODES: readonly Mode[] = MODES.filter(({ carrier }) => carrier === 'stream');

/** @param seed a whole number from 0 */
export function streamsPlanOf(seed: number, size: StreamsSize): StreamsPlan {
  const mode = STREAM_MODES[seed % STREAM_MODES.length];
  if (mode === undefined) throw new Error('There is no mode.');
  const random = seededRandom(seed);
  const total = size.streams * size.messages;
  const rounds = Array.from({ length: size.rounds }, (): Round => {
    const killAfter = Math.ceil(total * (0.1 + 0.7 * random()));
    const sessions = 1 + Math.floor(random() * Math.min(SESSIONS_MAX, size.streams));
    return { killAfter, sessions };
  });
  return { seed, size, mode: { ...mode, leaseMs: size.leaseMs }, rounds };
}
