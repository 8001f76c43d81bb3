import { Guide } from '@understudy/examples/route-guide/guide.js';
import { ISLAND, PLACES } from '@understudy/examples/route-guide/places.js';
import type { Note, Point } from '@understudy/examples/route-guide/proto.js';
import { Walk } from '@understudy/examples/route-guide/walk.js';
import { describe, expect, it } from 'vitest';
import type { ProblemKind } from '../../proof/problems.js';
import type { EvidenceOf, GuideEvidence } from './guide-evidence.js';
import { proveGuide } from './guide-proof.js';

const OK = { code: 0, details: 'OK' };
const PLAN = { clients: 2, messages: 10 };
const ALL = { southWest: { eastM: 0, northM: 0 }, northEast: ISLAND };

const at = (index: number): Point => PLACES[index % 3]?.point ?? { eastM: -1, northM: -1 };

/** The evidence of two walkers, who step in turn, from a guide that keeps its promises. */
function honestRun(): { readonly evidence: GuideEvidence[]; readonly entries: number } {
  const guide = new Guide();
  const evidence: GuideEvidence[] = [];
  const notes = ['ada', 'bob'].map((author) => ({ author, left: [] as NotesLeft[], came: [] as Note[] }));
  for (let step = 1; step <= PLAN.messages; step++) {
    for (const { author, left, came } of notes) {
      const text = `note ${step}`;
      left.push({ point: at(step), text, sentAfter: guide.audit().entries });
      came.push(...guide.leaveNote(at(step), author, text));
    }
    const sentAfter = guide.audit().entries;
    if (step % 5 === 0) evidence.push(walkOf(guide, [at(step), at(step + 1)]));
    evidence.push({ kind: 'list', rectangle: ALL, sentAfter, places: guide.placesIn(ALL.southWest, ISLAND), end: OK });
    evidence.push({ kind: 'look', point: at(step), sentAfter, place: guide.place(at(step)), end: OK });
  }
  evidence.push(...notes.map((one): GuideEvidence => ({ kind: 'notes', ...one, end: OK })));
  return { evidence, entries: guide.audit().entries };
}

type NotesLeft = EvidenceOf<'notes'>['left'][number];

function walkOf(guide: Guide, points: readonly Point[]): EvidenceOf<'walk'> {
  const walk = new Walk();
  for (const point of points) walk.add(point);
  const sentAfter = guide.audit().entries;
  return { kind: 'walk', points, sentAfter, summary: guide.recordWalk(walk), end: OK };
}

const { evidence: honest, entries } = honestRun();

const prove = (evidence: readonly GuideEvidence[], length = entries) =>
  proveGuide(evidence, { entries: length, arrivedAtMs: new Float64Array() }, PLAN);
const kindsOf = (evidence: readonly GuideEvidence[], length?: number): ProblemKind[] => [
  ...new Set(prove(evidence, length).problems.map(({ kind }) => kind)),
];

/** Returns the honest evidence with a change to the first call of a kind. */
function change<Kind extends GuideEvidence['kind']>(
  kind: Kind,
  how: (one: EvidenceOf<Kind>) => Partial<EvidenceOf<Kind>>,
): GuideEvidence[] {
  const index = honest.findIndex((one) => one.kind === kind);
  return honest.map((one, i) => (i === index ? { ...one, ...how(one as EvidenceOf<Kind>) } : one));
}

describe('the proof of a route guide', () => {
  it('accepts a run that kept its promises', () => {
    expect(prove(honest)).toMatchObject({ problemCount: 0, problems: [] });
    expect(
      prove(honest)
        .claims.flatMap(({ lines }) => lines)
        .every((line) => line.length <= 73),
    ).toBe(true);
  });

  it.each<[string, ProblemKind, GuideEvidence[], number?]>([
    ['a stream that broke', 'unfinished', change('notes', () => ({ end: { code: 14, details: 'lost' } }))],
    ['a walker who gave up', 'lost', change('notes', ({ left }) => ({ left: left.slice(1) }))],
    ['an answer that is missing', 'gap', change('notes', ({ came }) => ({ came: came.slice(0, -1) }))],
    ['answers after the last', 'repeat', change('notes', ({ came }) => ({ came: [...came, ...came.slice(-2)] }))],
    ['an earlier note that is missing', 'different', change('notes', ({ came }) => ({ came: came.toSpliced(3, 1) }))],
    [
      'a note that came twice',
      'different',
      change('notes', ({ came }) => ({ came: came.toSpliced(3, 0, ...came.slice(3, 4)) })),
    ],
    [
      'notes in another order',
      'different',
      change('notes', ({ came }) => ({ came: came.with(-2, came.at(-3) as Note).with(-3, came.at(-2) as Note) })),
    ],
    ['an entry that nobody made', 'unknown', honest, entries + 1],
    ['an entry that is gone', 'lost', honest, entries - 1],
    ['two entries of one number', 'doubled', [...honest, ...honest.filter(({ kind }) => kind === 'walk').slice(0, 1)]],
    [
      'another distance',
      'different',
      change('walk', ({ summary }) => ({ summary: summary && { ...summary, distanceM: 1 } })),
    ],
    ['a walk before what was known', 'stale', change('walk', () => ({ sentAfter: entries }))],
    ['a place that is missing in a list', 'different', change('list', ({ places }) => ({ places: places.slice(1) }))],
    ['a list that is out of date', 'stale', change('list', () => ({ sentAfter: entries }))],
    [
      'a place as it never was',
      'different',
      change('look', ({ place }) => ({ place: place && { ...place, notes: 99 } })),
    ],
  ])('finds %s', (_what, kind, evidence, length) => {
    expect(kindsOf(evidence, length)).toContain(kind);
  });

  it('finds a guide that does not tell the length of its logbook', () => {
    const { problems } = proveGuide(honest, { entries: undefined, arrivedAtMs: new Float64Array() }, PLAN);
    expect(problems).toMatchObject([{ kind: 'unfinished' }]);
  });
});
