import { Guide } from '@understudy/examples/route-guide/guide.js';
import type { Note } from '@understudy/examples/route-guide/proto.js';
import { Problems } from '../../proof/problems.js';
import type { Claim } from '../../proof/proof-lines.js';
import { thousands } from '../../report/thousands.js';
import type { StreamsVolume } from '../job.js';
import { isOk } from '../journal.js';
import type { StreamsProof } from '../stream-demo.js';
import type { EvidenceOf, GuideEvidence, GuideResult } from './guide-evidence.js';
import { type Entry, replayGuide } from './guide-replay.js';

type NotesEvidence = EvidenceOf<'notes'>;

/**
 * Proves that a run was what one guide would have done: every stream came to its end; every note was answered once, in
 * the order in which its walker left them; every note and walk has one number in the logbook, and every number is one of
 * them; and all answers equal those of a guide of its own that is given the entries in that order.
 */
export function proveGuide(
  evidence: readonly GuideEvidence[],
  { entries }: GuideResult,
  plan: StreamsVolume,
): StreamsProof {
  const problems = new Problems();
  for (const { kind, end } of evidence)
    if (!isOk(end)) problems.add('unfinished', `a call for ${kind} ended with ${end.code} "${end.details}"`);
  checkPlan(evidence, plan, problems);
  const made = entriesOf(evidence, problems);
  checkNumbers(made, entries, problems);
  const reads = evidence.filter((one) => one.kind === 'list' || one.kind === 'look');
  replayGuide(new Guide(), made, reads, problems);
  return { ...problems.findings, claims: claimsOf(evidence) };
}

/** A walker that gave up early would leave nothing to find fault with. */
function checkPlan(evidence: readonly GuideEvidence[], { clients, messages }: StreamsVolume, problems: Problems): void {
  const left = evidence.reduce((sum, one) => sum + (one.kind === 'notes' ? one.left.length : 0), 0);
  if (left !== clients * messages) problems.add('lost', `${left} notes were left, not ${clients} times ${messages}`);
}

/** The entries of the logbook, as those who made them know them. */
function entriesOf(evidence: readonly GuideEvidence[], problems: Problems): Entry[] {
  return evidence.flatMap((one): Entry[] => {
    if (one.kind === 'notes') return notesOf(one, problems);
    if (one.kind !== 'walk' || one.summary === undefined) return [];
    const { points, summary, sentAfter } = one;
    return [{ kind: 'walk', number: summary.number, sentAfter, points, summary }];
  });
}

/** Takes the stream of a walker apart: each answer goes up to the note itself. */
function notesOf({ author, left, came }: NotesEvidence, problems: Problems): Entry[] {
  const indexes = new Map(left.map(({ text }, index) => [text, index]));
  const entries: Entry[] = [];
  let answer: Note[] = [];
  let next = 0;
  for (const note of came) {
    answer.push(note);
    const index = note.author === author ? indexes.get(note.text) : undefined;
    // What comes again of earlier notes is part of an answer: those who come to a place find them there.
    if (index === undefined || index < next) continue;
    for (; next < index; next++) problems.add('gap', `${author}'s ${left[next]?.text} was passed over`);
    const { point, text, sentAfter } = left[index] ?? { ...note, sentAfter: 0 };
    entries.push({ kind: 'note', number: note.number, sentAfter, point, author, text, answer });
    answer = [];
    next = index + 1;
  }
  for (; next < left.length; next++) problems.add('gap', `${author}'s ${left[next]?.text} was never answered`);
  if (answer.length > 0) problems.add('repeat', `${author} was sent ${answer.length} notes after the last answer`);
  return entries;
}

function checkNumbers(made: readonly Entry[], entries: number | undefined, problems: Problems): void {
  const times = new Map<number, number>();
  for (const { number } of made) times.set(number, (times.get(number) ?? 0) + 1);
  for (const [number, count] of times)
    if (count > 1) problems.add('doubled', `${count} entries were told that they have number ${number}`);
  if (entries === undefined) return problems.add('unfinished', 'the guide did not say how long its logbook is');
  for (let number = 1; number <= entries; number++)
    if (!times.has(number)) problems.add('unknown', `nobody made entry ${number} of the logbook`);
  for (const number of times.keys())
    if (number > entries) problems.add('lost', `entry ${number} is not in the logbook of ${entries}`);
}

function claimsOf(evidence: readonly GuideEvidence[]): Claim[] {
  const of = <Kind extends GuideEvidence['kind']>(kind: Kind) =>
    evidence.filter((one): one is EvidenceOf<Kind> => one.kind === kind);
  const [notes, walks, lists] = [of('notes'), of('walk'), of('list')];
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  const left = sum(notes.map((one) => one.left.length));
  const points = sum(walks.map((one) => one.points.length));
  const came = sum(notes.map((one) => one.came.length));
  const places = sum(lists.map((one) => one.places.length));
  return [
    {
      kinds: ['unfinished', 'gap', 'repeat'],
      lines: [
        `${notes.length} streams of notes, ${walks.length} of walks and ${lists.length} of lists came to their end;`,
        `each of ${thousands(left)} notes was answered once and in the order of leaving`,
      ],
    },
    {
      kinds: ['lost', 'doubled', 'unknown'],
      lines: [
        `each of ${thousands(left)} notes and ${thousands(walks.length)} walks has one number in the logbook,`,
        'and nothing else has one',
      ],
    },
    {
      kinds: ['different', 'stale'],
      lines: [
        `${thousands(came)} notes that came back, summaries of ${thousands(points)} points and`,
        `${thousands(places)} places of lists equal those of an unreplicated guide that is`,
        'given the notes and walks in the order of their numbers',
      ],
    },
  ];
}
