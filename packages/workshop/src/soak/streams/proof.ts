import type { Tally } from '@understudy/examples/counting/counting.js';
import { isOk } from '../../demo/streams/journal.js';
import type { CountEvidence } from './evidence.js';

/** More of them say nothing new. */
const TOLD_MAX = 5;

/** What was sent in a round. */
export interface Sent {
  readonly tallies: readonly string[];
  readonly messages: number;
  /** Places that earlier rounds took. */
  readonly placesBefore: number;
}

/**
 * Proves a round: every stream came to its end, each message was answered once and in order, and took effect once: the
 * tally counts exactly the messages up to it, and no two have one place.
 *
 * @returns a sentence for each thing that is not so, or for the first ones
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

/** What a tally holds after all its messages. */
export const fullTally = (messages: number): Tally => ({ count: messages, sum: (messages * (messages + 1)) / 2 });
