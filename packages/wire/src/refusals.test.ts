import type { GroupRecord, Incarnation, OrderNum, ReplicaId, Term } from '@understudy/core';
import type { NewTermFrame, SeqNum } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import {
  decodeCaller,
  decodeOutcome,
  decodePeerFrame,
  decodeRequest,
  decodeSessionFrame,
  encodeCaller,
  encodeOutcome,
  encodePeerFrame,
  encodeRequest,
  encodeSessionFrame,
  unwrapFrame,
} from './index.js';
import { Kind } from './layout.js';
import { Writer } from './writer.js';

/** The encoding with some bits of its byte `at` set. */
function withBits(bytes: Uint8Array, at: number, bits: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] as number) | bits;
  return changed;
}

it('keeps a byte order mark, which is text like any other', () => {
  const outcome = { code: 3, details: '\ufeffé' };
  expect(decodeOutcome(encodeOutcome(outcome))).toStrictEqual(outcome);
});

it('refuses a run that goes beyond the last orderNum', () => {
  const writer = new Writer();
  writer.begin(Kind.promise, 64);
  writer.varint(1);
  writer.varint(2);
  writer.offsetFrom(0, 1);
  writer.after(0, Number.MAX_SAFE_INTEGER);
  writer.bytes(new Uint8Array(40));
  expect(() => decodePeerFrame(writer.finish())).toThrow('UNDERSTUDY_MALFORMED: orderNum above 2^53-1');
});

it('refuses the carrier’s flag of a request without a carrier', () => {
  const bytes = encodeRequest({ method: '/a.B/C', message: Buffer.from('m') });
  expect(() => decodeRequest(withBits(bytes, 2, 0b1000))).toThrow('UNDERSTUDY_MALFORMED: unknown flag of a request');
});

it('refuses the carrier’s flag of a header without a carrier', () => {
  const header = { term: 1 as Term, sentAtMs: 1, repliesSeenUpTo: 0 as SeqNum, destOrderInfo: [], closing: false };
  const bytes = encodeSessionFrame({ kind: 'multicast', header, requests: [], reads: [], streams: [] });
  expect(() => decodeSessionFrame(withBits(bytes, 2, 0b1))).toThrow(
    'UNDERSTUDY_MALFORMED: unknown flags 1 of a header',
  );
});

it('refuses a reply in the frame of a client', () => {
  const header = { term: 1 as Term, sentAtMs: 1, repliesSeenUpTo: 0 as SeqNum, destOrderInfo: [], closing: false };
  const reply = { to: { orderNum: 3 as OrderNum, index: 0 }, outcome: { code: 0, details: 'OK' } };
  const request = { method: '', message: Buffer.from(''), reply };
  const common = { kind: 'multicast', header, streams: [] } as const;
  const requests = [{ seqNum: 1 as SeqNum, request, awaitStable: false }];
  for (const frame of [
    { ...common, requests, reads: [] },
    { ...common, requests: [], reads: [{ readId: 1, request }] },
  ]) {
    expect(() => decodeSessionFrame(encodeSessionFrame(frame))).toThrow('UNDERSTUDY_MALFORMED: a client sends a reply');
  }
});

it('refuses a caller whose name is too long', () => {
  const caller = { client: 'x'.repeat(1025), term: 1 as Term, id: { orderNum: 3 as OrderNum, index: 0 } };
  const bytes = encodeCaller({ ...caller, settledUpTo: 0 as OrderNum });
  expect(() => decodeCaller(bytes)).toThrow('UNDERSTUDY_MALFORMED: a client of too long a name');
});

it('refuses a Frame message whose length is written too long', () => {
  expect(() => unwrapFrame(Buffer.from([0x0a, 0x83, 0x00, 1, 2, 3]))).toThrow('length is written too long');
});

describe('the addresses of a record', () => {
  const member = { id: 'bank-1' as ReplicaId, incarnation: 'a'.repeat(32) as Incarnation };
  const frame = (addresses: Record<string, string>): NewTermFrame => ({
    kind: 'newTerm',
    record: {
      version: 1,
      group: 'bank',
      origin: member.incarnation,
      epoch: 1,
      term: 1,
      primary: member,
      inSync: [member],
      addresses,
      adoptedThrough: [],
      forced: false,
    } as unknown as GroupRecord,
    collect: false,
    heldUpTo: 0 as OrderNum,
  });
  const PAIRS = '\x01p\x01x\x01q\x01y';
  const rewritten = (pairs: string): Buffer => {
    const bytes = Buffer.from(encodePeerFrame(frame({ p: 'x', q: 'y' })));
    bytes.write(pairs, bytes.indexOf(PAIRS), 'latin1');
    return bytes;
  };

  it('have one encoding, whatever the order they were put in', () => {
    expect(Buffer.compare(encodePeerFrame(frame({ q: 'y', p: 'x' })), rewritten(PAIRS))).toBe(0);
  });

  it.each(['\x01q\x01y\x01p\x01x', '\x01p\x01x\x01p\x01y'])('are refused as %j', (pairs) => {
    expect(() => decodePeerFrame(rewritten(pairs))).toThrow('UNDERSTUDY_MALFORMED: addresses that do not ascend');
  });
});
