/** Replays the logbook of a route guide, and compares the answers. */
import { isDeepStrictEqual } from 'node:util';
import type { Guide } from '@understudy/examples/route-guide/guide.js';
import type { Note, Point, WalkSummary } from '@understudy/examples/route-guide/proto.js';
import { Walk } from '@understudy/examples/route-guide/walk.js';
import type { Problems } from '../../proof/problems.js';
import type { EvidenceOf } from './guide-evidence.js';

/** An entry of the logbook, as the walker who made it knows it. */
export type Entry =
  | {
      readonly kind: 'note';
      readonly number: number;
      readonly sentAfter: number;
      readonly point: Point;
      readonly author: string;
      readonly text: string;
      readonly answer: readonly Note[];
    }
  | {
      readonly kind: 'walk';
      readonly number: number;
      readonly sentAfter: number;
      readonly points: readonly Point[];
      readonly summary: WalkSummary;
    };

/** A call that makes no entry. */
export type Read = EvidenceOf<'list'> | EvidenceOf<'look'>;

/** Gives the entries to a new guide in the order of their numbers, and compares its answers with those of the run. */
export function replayGuide(guide: Guide, made: readonly Entry[], reads: readonly Read[], problems: Problems): void {
  const waiting = new Set(reads);
  const readsAt = byAsOf(reads);
  const checkReads = (number: number): void => {
    for (const read of readsAt.get(number) ?? []) {
      waiting.delete(read);
      checkRead(guide, read, number, problems);
    }
  };
  checkReads(0);
  let number = 0;
  for (const entry of made.toSorted((a, b) => a.number - b.number)) {
    number += 1;
    if (entry.number !== number) {
      problems.add(
        'different',
        `the replay stopped after entry ${number - 1}, because the next one has number ${entry.number}`,
      );
      return;
    }
    checkEntry(guide, entry, problems);
    checkReads(number);
  }
  for (const read of waiting) problems.add('different', `a ${read.kind} reflects an entry beyond the last, ${number}`);
}

/** Groups reads by the entry that they reflect. An empty answer names no entry, but the map is the same at any time. */
function byAsOf(reads: readonly Read[]): Map<number, Read[]> {
  const groups = new Map<number, Read[]>();
  for (const read of reads) {
    const asOf = (read.kind === 'list' ? read.places[0]?.asOf : read.place?.asOf) ?? 0;
    const group = groups.get(asOf);
    if (group === undefined) groups.set(asOf, [read]);
    else group.push(read);
  }
  return groups;
}

function checkEntry(guide: Guide, entry: Entry, problems: Problems): void {
  const { number, sentAfter } = entry;
  if (number <= sentAfter)
    problems.add('stale', `${nameOf(entry)} has number ${number}, but was sent after entry ${sentAfter} was known`);
  const [expected, got] =
    entry.kind === 'note'
      ? [guide.leaveNote(entry.point, entry.author, entry.text), entry.answer]
      : [guide.recordWalk(walkOf(entry.points)), entry.summary];
  compare(nameOf(entry), expected, got, problems);
}

function checkRead(guide: Guide, read: Read, asOf: number, problems: Problems): void {
  const [expected, got] =
    read.kind === 'list'
      ? [guide.placesIn(read.rectangle.southWest, read.rectangle.northEast), read.places]
      : [guide.place(read.point), read.place];
  compare(`a ${read.kind}`, expected, got, problems);
  const isEmpty = read.kind === 'list' && read.places.length === 0;
  if (asOf < read.sentAfter && !isEmpty)
    problems.add(
      'stale',
      `a ${read.kind} reflects entry ${asOf}, but was sent after entry ${read.sentAfter} was known`,
    );
}

function compare(what: string, expected: unknown, got: unknown, problems: Problems): void {
  if (!isDeepStrictEqual(expected, got))
    problems.add('different', `${what} got ${JSON.stringify(got)}; the order gives ${JSON.stringify(expected)}`);
}

const nameOf = (entry: Entry): string =>
  entry.kind === 'note' ? `${entry.author}'s ${entry.text}` : `a walk of ${entry.points.length} points`;

function walkOf(points: readonly Point[]): Walk {
  const walk = new Walk();
  for (const point of points) walk.add(point);
  return walk;
}
