import { expect, it } from 'vitest';
import type { OrderNum, SeqNum, Term } from '../model/ids.js';
import { type NestedCaller, PROVEN_OWNER } from '../model/nested.js';
import type { Reply } from '../model/outcome.js';
import { sessionOf } from '../testing/world/identity.js';
import { CALLERS_KEPT, Callers } from './callers.js';

const KIB = 1024;
const REQUEST = 7;
const reply = (bytes: number): Reply => ({ kind: 'reply', code: 0, details: '', message: new Uint8Array(bytes) });

let seqNum = 0;

/** A call of a group, which is processed at once if it is new. @returns how it stood */
function call(callers: Callers, client: string, owner: string | undefined, orderNum = 1, bytes = 1): string {
  const id = { orderNum: orderNum as OrderNum, index: 0 };
  const caller: NestedCaller = {
    ...{ client, term: 1 as Term, id, settledUpTo: 0 as OrderNum },
    ...(owner !== undefined && { owner }),
  };
  const name = { connection: sessionOf(1), seqNum: ++seqNum as SeqNum };
  const { kind } = callers.begin(caller, REQUEST, name);
  if (kind === 'new') callers.finish(caller, name, reply(bytes));
  return kind;
}

it.each([
  ['a secret', PROVEN_OWNER],
  ['a certificate', 'CN=shop'],
])('whoever uses as many names as it likes makes nobody forget the calls of a group with %s', (_what, owner) => {
  const callers = new Callers(64 * KIB * KIB);
  call(callers, 'shop/1', owner);
  for (let i = 0; i < 2 * CALLERS_KEPT; i++) call(callers, `stranger/${i}`, undefined);
  for (let i = 0; i < 2 * CALLERS_KEPT; i++) call(callers, `other/${i}`, 'CN=other');
  expect(call(callers, 'shop/1', owner)).toBe('answered');
  // Of its own names, the newest are kept.
  expect(call(callers, `other/${2 * CALLERS_KEPT - 1}`, 'CN=other')).toBe('answered');
  expect(call(callers, 'other/0', 'CN=other')).toBe('new');
});

it('large kept replies of one owner push out replies of that owner alone', () => {
  const callers = new Callers(64 * KIB);
  call(callers, 'shop/1', PROVEN_OWNER, 1, KIB);
  call(callers, 'till/1', 'CN=till', 1, KIB);
  for (let i = 0; i < 200; i++) call(callers, `other/${i % 50}`, 'CN=other', 1 + i, 2 * KIB);
  expect(callers.bytes).toBeLessThanOrEqual(64 * KIB);
  expect(call(callers, 'shop/1', PROVEN_OWNER)).toBe('answered');
  expect(call(callers, 'till/1', 'CN=till')).toBe('answered');
  // The next replies to the group itself are kept too.
  for (const orderNum of [2, 3]) call(callers, 'shop/1', PROVEN_OWNER, orderNum, 8 * KIB);
  for (const orderNum of [1, 2, 3]) expect(call(callers, 'shop/1', PROVEN_OWNER, orderNum)).toBe('answered');
});

it('a copy of what is kept frees the same replies afterwards as the original', () => {
  const original = new Callers(16 * KIB);
  for (let i = 0; i < 30; i++) call(original, `group/${i % 7}`, i % 2 === 0 ? 'CN=a' : undefined, 1 + i, KIB);
  const copy = new Callers(16 * KIB);
  copy.restore(original.snapshot());
  for (const callers of [original, copy]) {
    for (let i = 30; i < 60; i++) call(callers, `group/${i % 11}`, i % 3 === 0 ? 'CN=a' : undefined, 1 + i, KIB);
  }
  expect(copy.snapshot()).toEqual(original.snapshot());
  expect(copy.bytes).toBe(original.bytes);
});
