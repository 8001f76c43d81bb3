/** Proves that the answers of a replicated route guide are those of a single one. */
import { Guide } from '@understudy/examples/route-guide/guide.js';
import type { Note } from '@understudy/examples/route-guide/proto.js';
import type { StreamsVolume } from '../../command/options.js';
import { Problems } from '../../proof/problems.js';
import type { Claim } from '../../proof/proof-lines.js';
import { thousands } from '../../show/thousands.js';
import { isOk } from '../journal.js';
import type { StreamsProof } from '../stream-demo.js';
import type { EvidenceOf, GuideEvidence, GuideResult } from './guide-evidence.js';
import { type Entry, replayGuide } from './guide-replay.js';

type NotesEvidence = EvidenceOf<'notes'>;

/**
 * Proves that a run equals one on a single guide: every stream ended with OK; every note was answered once, in the
 * order in which its walker left them; every note and walk has one number in the logbook, and every number belongs to
 * one of them; and all answers equal those of a new guide that takes the entries in the order of their numbers.
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

/** Checks that every walker left all notes. Without this, a walker that gave up early would pass the proof. */
function checkPlan(evidence: readonly GuideEvidence[], { clients, messages }: StreamsVolume, problems: Problems): void {
  const left = evidence.reduce((sum, one) => sum + (one.kind === 'notes' ? one.left.length : 0), 0);
  if (left !== clients * messages) problems.add('lost', `${left} notes were left, not ${clients} times ${messages}`);
}

/** Returns the entries of the logbook, as the walkers who made them know them. */
function entriesOf(evidence: readonly GuideEvidence[], problems: Problems): Entry[] {
  return evidence.flatMap((one): Entry[] => {
    if (one.kind === 'notes') return notesOf(one, problems);
    if (one.kind !== 'walk' || one.summary === undefined) return [];
    const { points, summary, sentAfter } = one;
    return [{ kind: 'walk', number: summary.number, sentAfter, points, summary }];
  });
}

/** Splits the messages of a walker's stream into answers. Each answer ends with the new note itself. */
function notesOf({ author, left, came }: NotesEvidence, problems: Problems): Entry[] {
  const indexes = new Map(left.map(({ text }, index) => [text, index]));
  const entries: Entry[] = [];
  let answer: Note[] = [];
  let next = 0;
  for (const note of came) {
    answer.push(note);
    const index = note.author === author ? indexes.get(note.text) : undefined;
    // An earlier note of this author may be part of an answer, because it lies at the same place.
    if (index === undefined || index < next) continue;
    for (; next < index; next++) problems.add('gap', `${author}'s ${left[next]?.text} was skipped`);
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
  for (const [number, count] of times) if (count > 1) problems.add('doubled', `${count} entries have number ${number}`);
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
        `${notes.length} streams of notes, ${walks.length} of walks and ${lists.length} of lists ended with OK;`,
        `each of ${thousands(left)} notes was answered once and in its walker's order`,
      ],
    },
    {
      kinds: ['lost', 'doubled', 'unknown'],
      lines: [
        `each of ${thousands(left)} notes and ${thousands(walks.length)} walks has one number in the logbook,`,
        'and no other entry has one',
      ],
    },
    {
      kinds: ['different', 'stale'],
      lines: [
        `${thousands(came)} notes in answers, summaries of ${thousands(points)} points and`,
        `${thousands(places)} listed places equal those of an unreplicated guide that`,
        'takes the notes and walks in the order of their numbers',
      ],
    },
  ];
}
