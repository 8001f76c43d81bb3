/** The plan of a soak run with streams, which follows from its seed and size. */
import type { Mode } from '@understudy/examples/common/mode.js';
import { seededRandom } from '../../hosting/random.js';
import { MODES } from '../plan.js';

/** The size of a run, and the lease of its primaries. */
export interface StreamsSize {
  /**
   * How many rounds the group goes through. Each has a kill of the primary, and new streams from a new client process.
   */
  readonly rounds: number;
  /** How many streams are open at once. */
  readonly streams: number;
  /** How many messages each stream carries. */
  readonly messages: number;
  /** The primary's lease. On a busy machine, a process that gets no processor for this long is taken for dead. */
  readonly leaseMs: number;
}

/** The plan of one round. */
export interface Round {
  /** The primary is killed when this many messages were answered. */
  readonly killAfter: number;
  /** How many sessions share the streams. */
  readonly sessions: number;
}

/** The plan of one run. It follows from the seed and the size alone. */
export interface StreamsPlan {
  readonly seed: number;
  readonly size: StreamsSize;
  readonly mode: Mode;
  readonly rounds: readonly Round[];
}

const SESSIONS_MAX = 4;

/**
 * The modes that matter for streams: they always travel as frames, so the carrier of unary calls makes no difference.
 */
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
