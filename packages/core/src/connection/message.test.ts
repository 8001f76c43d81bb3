import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../model/assert.js';
import { connectionId, type SeqNum } from '../model/ids.js';
import { Message, type Stage } from './message.js';
import { Usage } from './usage.js';

/** For each stage: a way there from the beginning of a message's life, and the stages that may follow. */
const LIFE: Readonly<Record<Stage, { readonly way: readonly Stage[]; readonly next: readonly Stage[] }>> = {
  expected: { way: [], next: ['received', 'ordered', 'processed'] },
  received: { way: ['received'], next: ['held', 'queued', 'admitted', 'voiding', 'ordered', 'processed'] },
  held: { way: ['received', 'held'], next: ['queued', 'admitted', 'voiding', 'ordered', 'processed'] },
  queued: { way: ['received', 'queued'], next: ['received', 'admitted', 'voiding', 'ordered'] },
  admitted: { way: ['received', 'admitted'], next: ['voiding', 'ordered'] },
  voiding: { way: ['received', 'voiding'], next: ['ordered'] },
  ordered: { way: ['ordered'], next: ['received', 'waiting', 'processed'] },
  waiting: { way: ['ordered', 'waiting'], next: ['processed'] },
  processed: { way: ['processed'], next: ['settled'] },
  settled: { way: ['processed', 'settled'], next: [] },
};

const STAGES = Object.keys(LIFE) as Stage[];

/** A message in a stage. */
function messageIn(stage: Stage): Message {
  const message = new Message(connectionId('session', 'ab'.repeat(16)), 7 as SeqNum, new Usage());
  for (const each of LIFE[stage].way) message.become(each);
  expect(message.stage).toBe(stage);
  return message;
}

const legal = STAGES.flatMap((from) => LIFE[from].next.map((to) => [from, to] as const));
const illegal = STAGES.flatMap((from) =>
  STAGES.filter((to) => !LIFE[from].next.includes(to)).map((to) => [from, to] as const),
);

describe('a message', () => {
  it.each(legal)('goes from %s to %s', (from, to) => {
    const message = messageIn(from);
    message.become(to);
    expect(message.stage).toBe(to);
  });

  it.each(illegal)('that would go from %s to %s stops the replica and stays in its stage', (from, to) => {
    const message = messageIn(from);
    expect(() => message.become(to)).toThrow(InvariantViolation);
    expect(() => message.become(to)).toThrow(`goes from ${from} to ${to}`);
    expect(message.stage).toBe(from);
  });
});
