/** The proof of a round of streams. */
import type { Tally } from '@understudy/examples/counting/counting.js';
import { isOk } from '../../demo/streams/journal.js';
import type { CountEvidence } from './evidence.js';

/** How many faults a round reports in full. Usually one mistake causes many. */
const TOLD_MAX = 5;

/** The messages that were sent in a round. */
export interface Sent {
  readonly tallies: readonly string[];
  readonly messages: number;
  /** How many places earlier rounds took. */
  readonly placesBefore: number;
}

/**
 * Proves a round: every stream ended with OK, and each message was answered once, in order, and took effect once, which
 * shows in its tally's count and in a place that no other message has.
 *
 * @returns a sentence for each fault, or only for the first ones
 */
export function proveRound(evidence: readonly CountEvidence[], { tallies, messages, placesBefore }: Sent): string[] {
  const faults: string[] = [];
  const names = evidence.map(({ tally }) => tally);
  if (names.join() !== tallies.join()) faults.push(`there were streams for ${names.join()}, not ${tallies.join()}`);
  const taken = new Map<number, string>();
  for (const stream of evidence) {
    faults.push(...streamFaults(stream, messages));
    for (let at = 0; at < stream.answers.length; at += 3) {
      const place = stream.answers[at + 2] ?? 0;
      const what = `answer ${at / 3 + 1} of ${stream.tally}`;
      const other = taken.get(place);
      if (other !== undefined) faults.push(`${what} has place ${place}, and ${other} too`);
      if (place <= placesBefore || place > placesBefore + tallies.length * messages)
        faults.push(`${what} has place ${place}, of ${tallies.length * messages} after ${placesBefore}`);
      taken.set(place, what);
    }
  }
  if (faults.length <= TOLD_MAX) return faults;
  return [...faults.slice(0, TOLD_MAX), `and ${faults.length - TOLD_MAX} more`];
}

function* streamFaults({ tally, answers, end }: CountEvidence, messages: number): Generator<string, void, void> {
  if (!isOk(end)) yield `${tally} ended with ${end.code} "${end.details}"`;
  if (answers.length !== 3 * messages) yield `${tally} had ${answers.length / 3} answers to ${messages} messages`;
  let before = 0;
  for (let at = 0; at < answers.length; at += 3) {
    const nth = at / 3 + 1;
    const [number = 0, counted = 0, place = 0] = answers.subarray(at, at + 3);
    if (number !== nth) yield `answer ${nth} of ${tally} is to message ${number}`;
    if (counted !== nth) yield `answer ${nth} of ${tally} tells of ${counted} messages that took effect`;
    if (place <= before) yield `answer ${nth} of ${tally} has place ${place}, the one before ${before}`;
    before = place;
  }
}

/** Returns the tally after all messages of a stream. */
export const fullTally = (messages: number): Tally => ({ count: messages, sum: (messages * (messages + 1)) / 2 });
