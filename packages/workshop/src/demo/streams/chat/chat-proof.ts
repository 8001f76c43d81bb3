/** Proves that all participants of a chat heard the same conversation. */
import { isDeepStrictEqual } from 'node:util';
import type { Message } from '@understudy/examples/chat/proto.js';
import type { StreamsVolume } from '../../command/options.js';
import { Problems } from '../../proof/problems.js';
import type { Claim } from '../../proof/proof-lines.js';
import { thousands } from '../../show/thousands.js';
import { isOk } from '../journal.js';
import type { StreamsProof } from '../stream-demo.js';
import type { ChatEvidence, ChatEvidenceOf } from './chat-evidence.js';

type Participant = ChatEvidenceOf<'participant'>;
type Reading = ChatEvidenceOf<'history'>;

/**
 * Proves that a run was one conversation. Every participant heard the messages of the room's final history in its
 * order, without a gap or a repeat. The history has each message that was said once, and those of a participant in the
 * order in which they were said. Earlier readings of the history show the same.
 */
export function proveChat(evidence: readonly ChatEvidence[], plan: StreamsVolume): StreamsProof {
  const problems = new Problems();
  const participants = evidence.filter((one): one is Participant => one.kind === 'participant');
  const readings = evidence.filter((one): one is Reading => one.kind === 'history');
  for (const { name, end } of participants)
    if (!isOk(end)) problems.add('unfinished', `the stream of ${name} ended with ${end.code} "${end.details}"`);
  const room = readings.at(-1)?.messages ?? [];
  for (const participant of participants) checkHeard(participant, room, problems);
  checkPlan(participants, plan, problems);
  checkSaid(participants, room, problems);
  for (const reading of readings) checkReading(reading, room, problems);
  return { ...problems.findings, claims: claimsOf(participants, readings, room) };
}

function checkHeard({ name, entered, heard }: Participant, room: readonly Message[], problems: Problems): void {
  let last = entered?.after ?? 0;
  for (const message of heard) {
    const { number } = message;
    if (number <= last) problems.add('repeat', `${name} heard message ${number} after message ${last}`);
    else if (number > last + 1) problems.add('gap', `${name} heard message ${number} right after message ${last}`);
    const expected = room[number - 1];
    if (!isDeepStrictEqual(message, expected))
      problems.add('different', `${name} heard ${JSON.stringify(message)}; the room has ${JSON.stringify(expected)}`);
    last = Math.max(last, number);
  }
  if (last < room.length) problems.add('gap', `${name} heard nothing after message ${last} of ${room.length}`);
}

/**
 * Checks that every participant said all messages. Without this, a participant that gave up early would pass the proof.
 */
function checkPlan(
  participants: readonly Participant[],
  { clients, messages }: StreamsVolume,
  problems: Problems,
): void {
  const said = participants.reduce((sum, one) => sum + one.said.length, 0);
  if (said !== clients * messages) problems.add('lost', `${said} messages were said, not ${clients} times ${messages}`);
}

function checkSaid(participants: readonly Participant[], room: readonly Message[], problems: Problems): void {
  const numbers = new Map<string, number[]>();
  for (const [index, { number, author, text }] of room.entries()) {
    if (number !== index + 1) problems.add('disorder', `the history has number ${number} at place ${index + 1}`);
    const of = numbers.get(keyOf(author, text));
    if (of === undefined) numbers.set(keyOf(author, text), [number]);
    else of.push(number);
  }
  for (const { name, said } of participants) {
    let before = 0;
    for (const { text, sentAfter } of said) {
      const found = numbers.get(keyOf(name, text)) ?? [];
      numbers.delete(keyOf(name, text));
      const [number] = found;
      if (number === undefined) problems.add('lost', `${text} of ${name} is not in the room`);
      else if (found.length > 1) problems.add('doubled', `${text} of ${name} is in the room ${found.length} times`);
      if (number === undefined) continue;
      if (number <= before)
        problems.add('disorder', `${text} of ${name} has number ${number}, the one before ${before}`);
      if (number <= sentAfter)
        problems.add('stale', `${text} of ${name} has number ${number}, but was said when ${sentAfter} was heard`);
      before = number;
    }
  }
  for (const [key, found] of numbers) problems.add('unknown', `${key} has number ${found.join()}, but nobody said it`);
}

const keyOf = (author: string, text: string): string => `${text} of ${author}`;

function checkReading(
  { after, sentAfter, messages, end }: Reading,
  room: readonly Message[],
  problems: Problems,
): void {
  if (!isOk(end)) problems.add('history', `a reading ended with ${end.code} "${end.details}"`);
  if (!isDeepStrictEqual(messages, room.slice(after, after + messages.length)))
    problems.add('history', `a reading after message ${after} differs from the final history of the room`);
  if (after + messages.length < sentAfter)
    problems.add('history', `a reading ends at ${after + messages.length}, but ${sentAfter} had been heard before`);
}

function claimsOf(
  participants: readonly Participant[],
  readings: readonly Reading[],
  room: readonly Message[],
): Claim[] {
  const said = participants.reduce((sum, one) => sum + one.said.length, 0);
  return [
    {
      kinds: ['unfinished', 'gap', 'repeat', 'different'],
      lines: [
        `each of ${participants.length} participants heard the same ${thousands(room.length)} messages in the same`,
        'order, without a gap or a repeat, on one stream that ended with OK',
      ],
    },
    {
      kinds: ['lost', 'doubled', 'unknown', 'disorder', 'stale'],
      lines: [
        `each of ${thousands(said)} messages is in the room once, after all messages that`,
        'its author had said or heard before',
      ],
    },
    {
      kinds: ['history'],
      lines: [`${readings.length} readings of the history show the same`],
    },
  ];
}
