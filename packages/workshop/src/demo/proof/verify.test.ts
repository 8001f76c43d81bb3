import { Bank } from '@understudy/examples/bank/bank.js';
import type { Operation } from '@understudy/examples/bank/operation.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ask, booksOf, honestRun } from '../../testing/honest-run.js';
import type { Books } from '../drive/collect.js';
import type { DrivenReply } from '../drive/drive.js';
import type { ProblemKind } from './problems.js';
import { type Evidence, verify } from './verify.js';

const OPERATIONS: Operation[] = [
  { kind: 'deposit', id: 1, account: 'a', to: '', amountCents: 1_000 },
  { kind: 'deposit', id: 2, account: 'b', to: '', amountCents: 500 },
  { kind: 'balance', id: 3, account: 'a' },
  { kind: 'transfer', id: 4, account: 'a', to: 'b', amountCents: 700 },
  { kind: 'withdraw', id: 5, account: 'a', to: '', amountCents: 400 },
  { kind: 'deposit', id: 6, account: 'a', to: '', amountCents: 250 },
  { kind: 'balance', id: 7, account: 'nobody' },
  { kind: 'withdraw', id: 8, account: 'b', to: '', amountCents: 100 },
];

const kindsOf = (evidence: Evidence): ProblemKind[] => [...new Set(verify(evidence).problems.map(({ kind }) => kind))];
const change = (evidence: Evidence, id: number, changes: Partial<DrivenReply>): Evidence => ({
  ...evidence,
  replies: evidence.replies.map((reply) => (reply.id === id ? { ...reply, ...changes } : reply)),
});
const withBooks = (evidence: Evidence, books: Partial<Books>): Evidence => ({
  ...evidence,
  books: { ...evidence.books, ...books },
});

const operationsArbitrary = fc
  .array(
    fc.record({
      kind: fc.constantFrom('deposit' as const, 'withdraw' as const, 'transfer' as const, 'balance' as const),
      account: fc.constantFrom('a', 'b', 'c'),
      to: fc.constantFrom('x', 'y'),
      amountCents: fc.integer({ min: 1, max: 100 }),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) =>
    rows.map(({ kind, account, to, amountCents }, index): Operation => {
      const id = index + 1;
      if (kind === 'balance') return { kind, id, account };
      return { kind, id, account, to: kind === 'transfer' ? to : '', amountCents };
    }),
  );

describe('a run that kept its promises', () => {
  it('passes the proof', () => {
    expect(verify(honestRun(OPERATIONS))).toEqual({
      replies: 8,
      places: 6,
      refused: 1,
      accounts: 3,
      problemCount: 0,
      problemCounts: {},
      problems: [],
    });
  });

  it('passes the proof whatever order the bank took', () => {
    const ordered = operationsArbitrary.chain((operations) =>
      fc.tuple(
        fc.constant(operations),
        fc.shuffledSubarray(operations, { minLength: operations.length, maxLength: operations.length }),
      ),
    );
    fc.assert(
      fc.property(ordered, ([operations, order]) => {
        expect(verify(honestRun(operations, order)).problems).toEqual([]);
      }),
    );
  });
});

describe('the proof notices', () => {
  const honest = honestRun(OPERATIONS);
  const { history, balances, audit } = honest.books;

  it('a reply that never came', () => {
    expect(kindsOf({ ...honest, replies: honest.replies.slice(1) })).toContain('lost');
    expect(kindsOf({ ...honest, replies: honest.replies.filter(({ id }) => id !== 3) })).toEqual(['lost']);
  });

  it('a reply that came twice', () => {
    expect(kindsOf({ ...honest, replies: [...honest.replies, ...honest.replies.slice(0, 1)] })).toEqual(['doubled']);
  });

  it('a reply to an operation that was never sent', () => {
    expect(kindsOf(change(honest, 6, { id: 99 }))).toEqual(expect.arrayContaining(['unknown', 'lost']));
  });

  it.each([
    ['balance', { balanceCents: 1 }],
    ['place', { sequence: 6 }],
    ['other balance', { toBalanceCents: 1 }],
    ['status', { code: 14, details: 'connection lost' }],
  ])('a reply with another %s', (_what, changes) => {
    expect(kindsOf(change(honest, 4, changes))).toContain('different');
  });

  it('a refusal with a changed reason, and a refusal that became an approval', () => {
    expect(kindsOf(change(honest, 5, { details: 'no' }))).toEqual(['different']);
    expect(kindsOf(change(honest, 5, { code: 0, sequence: 4, balanceCents: -100 }))).toContain('different');
  });

  it('an operation that was answered but is not in the history', () => {
    const rest = OPERATIONS.filter(({ id }) => id !== 6);
    const forgetful = withBooks(honest, honestRun(rest).books);
    expect(kindsOf(forgetful)).toEqual(expect.arrayContaining(['lost', 'different', 'balance']));
    expect(kindsOf(withBooks(honest, { history: history.slice(0, -1) }))).toContain('lost');
  });

  it('an operation that was carried out twice', () => {
    const bank = new Bank();
    for (const operation of OPERATIONS) ask(bank, operation);
    const again = OPERATIONS[5];
    if (again !== undefined) ask(bank, again);
    expect(kindsOf(withBooks(honest, booksOf(bank, OPERATIONS)))).toEqual(
      expect.arrayContaining(['doubled', 'balance']),
    );
    expect(kindsOf(withBooks(honest, { history: [...history, 6] }))).toContain('doubled');
  });

  it('an operation in the history that was never sent or only reads', () => {
    expect(kindsOf(withBooks(honest, { history: [...history, 77] }))).toContain('unknown');
    expect(kindsOf(withBooks(honest, { history: [...history, 3] }))).toContain('unknown');
  });

  it('an order that does not give the replies', () => {
    const [first, second, ...rest] = history;
    const swapped = [second, first, ...rest].filter((id) => id !== undefined);
    expect(kindsOf(withBooks(honest, { history: swapped }))).toEqual(expect.arrayContaining(['different', 'audit']));
  });

  it('an order that puts an operation before a reply that its client knew', () => {
    expect(kindsOf(change(honest, 8, { sentAfter: 6 }))).toEqual(['stale']);
    expect(kindsOf(change(honest, 3, { sentAfter: 3 }))).toEqual(['stale']);
    expect(kindsOf(change(honest, 8, { sentAfter: 5 }))).toEqual([]);
  });

  it('a read of a balance that never existed', () => {
    expect(kindsOf(change(honest, 3, { balanceCents: 999 }))).toEqual(['different']);
    expect(kindsOf(change(honest, 3, { sequence: 7 }))).toEqual(['different']);
    expect(kindsOf(change(honest, 3, { code: 14, details: 'connection lost' }))).toEqual(['different']);
    expect(kindsOf(change(honest, 3, { code: 5, sentAfter: 1 }))).toEqual(['different']);
  });

  it('a balance that is not the sum over the file', () => {
    const altered = balances.map(([account, cents]) => [account, account === 'b' ? 1 : cents] as const);
    expect(kindsOf(withBooks(honest, { balances: altered }))).toEqual(['balance']);
    const invented = balances.map(([account, cents]) => [account, cents ?? 1] as const);
    expect(kindsOf(withBooks(honest, { balances: invented }))).toEqual(['balance']);
    expect(kindsOf(withBooks(honest, { balances: balances.slice(1) }))).toEqual(['balance']);
  });

  it('an audit that differs from the order', () => {
    expect(kindsOf(withBooks(honest, { audit: { ...audit, orderDigest: '0'.repeat(16) } }))).toEqual(['audit']);
    expect(kindsOf(withBooks(honest, { audit: { ...audit, operations: 5 } }))).toEqual(['audit']);
  });

  it('any single reply or place that is left out, doubled or swapped with its neighbour', () => {
    const tampered = fc.tuple(operationsArbitrary, fc.nat(), fc.constantFrom('omit', 'double', 'swap'), fc.boolean());
    const tamper = <T>(list: readonly T[], at: number, how: string): T[] => {
      const index = at % list.length;
      const item = list[index] as T;
      if (how === 'omit') return list.toSpliced(index, 1);
      if (how === 'double') return list.toSpliced(index, 0, item);
      return list.toSpliced(index, 1).toSpliced((index + 1) % list.length, 0, item);
    };
    fc.assert(
      fc.property(tampered, ([operations, at, how, inHistory]) => {
        const run = honestRun(operations);
        const size = run.books.history.length;
        // Swapping two replies changes nothing, and neither does swapping places in a history of one operation.
        fc.pre(inHistory ? size > (how === 'swap' ? 1 : 0) : how !== 'swap');
        const evidence = inHistory
          ? withBooks(run, { history: tamper(run.books.history, at, how) })
          : { ...run, replies: tamper(run.replies, at, how) };
        expect(verify(evidence).problemCount).toBeGreaterThan(0);
      }),
    );
  });
});

describe('problems', () => {
  it('are all counted, but only the first twenty are kept', () => {
    const verdict = verify({ ...honestRun(OPERATIONS.concat(many(100))), replies: [] });
    expect(verdict.problems).toHaveLength(20);
    expect(verdict.problemCount).toBeGreaterThan(100);
  });
});

const many = (count: number): Operation[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'deposit', id: 100 + i, account: 'c', to: '', amountCents: 1 }));
