import type { Message } from '@understudy/examples/chat/proto.js';
import { describe, expect, it } from 'vitest';
import type { ProblemKind } from '../../proof/problems.js';
import type { ChatEvidence, ChatEvidenceOf } from './chat-evidence.js';
import { proveChat } from './chat-proof.js';

type Participant = ChatEvidenceOf<'participant'>;
type Reading = ChatEvidenceOf<'history'>;

const OK = { code: 0, details: 'OK' };
const PLAN = { clients: 3, messages: 4 };
const NAMES = ['ada', 'bob', 'cem'];

/** A conversation in which the participants speak in turn. */
const room: readonly Message[] = Array.from({ length: 12 }, (_, i) => ({
  number: i + 1,
  author: NAMES[i % 3] ?? '',
  text: `message ${Math.floor(i / 3) + 1}`,
}));
const participants = NAMES.map((name): Participant => {
  const own = room.filter(({ author }) => author === name);
  const said = own.map(({ text, number }) => ({ text, sentAfter: number - 1 }));
  return { kind: 'participant', name, entered: { after: 0, participants: 3 }, said, heard: room, end: OK };
});
const between: Reading = { kind: 'history', after: 2, sentAfter: 7, messages: room.slice(2, 8), end: OK };
const last: Reading = { kind: 'history', after: 0, sentAfter: 12, messages: room, end: OK };

const honest: readonly ChatEvidence[] = [...participants, between, last];
const [ada, ...others] = participants;

/** The same conversation with a change to the first participant's evidence. */
const withAda = (changes: Partial<Participant>): ChatEvidence[] => [
  { ...(ada as Participant), ...changes },
  ...others,
  between,
  last,
];

/** The same conversation, but all participants heard, and the history shows, the messages of another room. */
const withRoom = (other: readonly Message[]): ChatEvidence[] => {
  const renumbered = other.map((message, i) => ({ ...message, number: i + 1 }));
  return [...participants.map((one) => ({ ...one, heard: renumbered })), { ...last, messages: renumbered }];
};

const kindsOf = (evidence: readonly ChatEvidence[]): ProblemKind[] => [
  ...new Set(proveChat(evidence, PLAN).problems.map(({ kind }) => kind)),
];
const swap = (messages: readonly Message[], a: number, b: number): Message[] =>
  messages.with(a, messages[b] as Message).with(b, messages[a] as Message);

describe('the proof of a chat', () => {
  it('accepts a run that kept its promises', () => {
    expect(proveChat(honest, PLAN)).toMatchObject({ problemCount: 0, problems: [] });
    expect(
      proveChat(honest, PLAN)
        .claims.flatMap(({ lines }) => lines)
        .every((line) => line.length <= 73),
    ).toBe(true);
  });

  it.each<[string, ProblemKind, readonly ChatEvidence[]]>([
    ['a stream that broke', 'unfinished', withAda({ end: { code: 14, details: 'lost' } })],
    ['a message that one did not hear', 'gap', withAda({ heard: room.toSpliced(4, 1) })],
    ['a participant who did not hear the end', 'gap', withAda({ heard: room.slice(0, -1) })],
    ['a message that one heard twice', 'repeat', withAda({ heard: room.toSpliced(4, 0, ...room.slice(4, 5)) })],
    ['two that one heard in another order', 'repeat', withAda({ heard: swap(room, 4, 5) })],
    ['another text', 'different', withAda({ heard: room.with(4, { ...(room[4] as Message), text: 'else' }) })],
    ['a message that all miss', 'lost', withRoom(room.toSpliced(4, 1))],
    [
      'a message that all heard twice, under two numbers',
      'doubled',
      withRoom(room.toSpliced(4, 0, ...room.slice(3, 4))),
    ],
    ['a message of nobody', 'unknown', withRoom([...room, { number: 13, author: 'dot', text: 'hello' }])],
    ["one's messages in another order", 'disorder', withRoom(swap(room, 0, 3))],
    ['an answer before what it answers', 'stale', withRoom(swap(room, 4, 5))],
    ['a participant who gave up', 'lost', withAda({ said: [] })],
    ['a participant who is missing', 'lost', honest.slice(1)],
    ['a reading of something else', 'history', [...participants, { ...between, messages: room.slice(3, 8) }, last]],
    ['a reading that is out of date', 'history', [...participants, { ...between, sentAfter: 9 }, last]],
    ['a reading that broke', 'history', [...participants, { ...between, end: { code: 14, details: '' } }, last]],
  ])('finds %s', (_what, kind, evidence) => {
    expect(kindsOf(evidence)).toContain(kind);
  });
});
