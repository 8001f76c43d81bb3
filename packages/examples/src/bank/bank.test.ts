import { describe, expect, it } from 'vitest';
import { Bank } from './bank.js';
import type { Change } from './operation.js';

const deposit = (id: number, account: string, amountCents: number): Change => ({
  kind: 'deposit',
  id,
  account,
  to: '',
  amountCents,
});
const withdraw = (id: number, account: string, amountCents: number): Change => ({
  ...deposit(id, account, amountCents),
  kind: 'withdraw',
});
const transfer = (id: number, account: string, to: string, amountCents: number): Change => ({
  ...deposit(id, account, amountCents),
  kind: 'transfer',
  to,
});

describe('the bank', () => {
  it('opens an account with its first deposit and answers with the place and the balance', () => {
    const bank = new Bank();
    expect(bank.balance('a')).toBeUndefined();
    expect(bank.apply(deposit(7, 'a', 500))).toEqual({
      operationId: 7,
      sequence: 1,
      balanceCents: 500,
      toBalanceCents: 0,
    });
    expect(bank.apply(withdraw(8, 'a', 200))).toMatchObject({ sequence: 2, balanceCents: 300 });
  });

  it('moves money between two accounts at once', () => {
    const bank = new Bank();
    bank.apply(deposit(1, 'a', 500));
    bank.apply(deposit(2, 'b', 100));
    expect(bank.apply(transfer(3, 'a', 'b', 450))).toMatchObject({ balanceCents: 50, toBalanceCents: 550 });
  });

  it('refuses an operation that the balance does not cover, and gives the refusal a place in the history', () => {
    const bank = new Bank();
    bank.apply(deposit(1, 'a', 500));
    expect(bank.apply(withdraw(2, 'a', 501))).toMatchObject({ code: 9, details: expect.stringContaining('place 2') });
    expect(bank.apply(transfer(3, 'a', 'nobody', 1))).toMatchObject({ code: 5 });
    expect(bank.apply(withdraw(4, 'nobody', 1))).toMatchObject({ code: 5 });
    expect(bank.balance('a')).toBe(500);
    expect(bank.history.ids).toEqual([1, 2, 3, 4]);
    expect(bank.audit()).toMatchObject({ operations: 4, refused: 3, depositedCents: 500, withdrawnCents: 0 });
  });

  it('carries out an operation that comes twice both times, and the history shows it', () => {
    const bank = new Bank();
    bank.apply(deposit(1, 'a', 500));
    expect(bank.apply(deposit(1, 'a', 500))).toMatchObject({ sequence: 2, balanceCents: 1000 });
    expect(bank.history.ids).toEqual([1, 1]);
  });

  it('changes the digest when the same operations come in another order', () => {
    const digestOf = (...ids: number[]) => {
      const bank = new Bank();
      for (const id of ids) bank.apply(deposit(id, 'a', 1));
      return bank.audit().orderDigest;
    };
    expect(digestOf(1, 2, 3)).toBe(digestOf(1, 2, 3));
    expect(new Set([digestOf(1, 2, 3), digestOf(1, 3, 2), digestOf(2, 1, 3), digestOf(1, 2)]).size).toBe(4);
  });

  it('continues from a checkpoint exactly as the bank that wrote it', () => {
    const bank = new Bank();
    bank.apply(deposit(4_294_967_295, 'ä/β', 500));
    bank.apply(withdraw(2, 'ä/β', 900));
    const successor = new Bank();
    successor.apply(deposit(9, 'gone', 1));
    successor.restore(bank.checkpoint());
    expect(successor.audit()).toEqual(bank.audit());
    expect(successor.balance('gone')).toBeUndefined();
    expect(successor.apply(withdraw(3, 'ä/β', 1))).toEqual(bank.apply(withdraw(3, 'ä/β', 1)));
    expect(successor.checkpoint()).toEqual(bank.checkpoint());
  });

  it('refuses bytes that are not a checkpoint and keeps its state', () => {
    const bank = new Bank();
    bank.apply(deposit(1, 'a', 500));
    const good = bank.checkpoint();
    const withSummary = (text: string) => {
      const summary = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(summary.length);
      return Buffer.concat([length, summary]);
    };
    const bad = [
      new Uint8Array(0),
      good.subarray(0, 3),
      good.subarray(0, good.length - 1),
      Buffer.concat([good, Buffer.of(0)]),
      Buffer.alloc(64, 0xff),
      withSummary('{}'),
      withSummary('null'),
      withSummary('not JSON'),
    ];
    for (const bytes of bad) expect(() => bank.restore(bytes)).toThrow();
    expect(bank.checkpoint()).toEqual(good);
  });
});
