import type { OrderNum, Term } from '@understudy/core';
import type { ConnectionId, OrderInfo, PromiseFrame, SeqNum } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { decodePeerFrame, encodePeerFrame } from './index.js';

const connection = (n: number): ConnectionId => n.toString(16).padStart(32, '0') as ConnectionId;

const order = (term: number, orderNum: number, connectionNumber: number, seqNum: number): OrderInfo => ({
  term: term as Term,
  orderNum: orderNum as OrderNum,
  connection: connection(connectionNumber),
  seqNum: seqNum as SeqNum,
  kind: 'call',
});

const promise = (orders: OrderInfo[]): PromiseFrame => ({ kind: 'promise', term: 1 as Term, orders, bodies: [] });
const sizeOf = (orders: OrderInfo[]): number => encodePeerFrame(promise(orders)).length;
const range = <T>(count: number, item: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => item(i));

describe('a run of orders', () => {
  it('costs two bytes an order, whatever its term and numbers', () => {
    const run = (length: number) => range(length, (i) => order(7, 1e12 + i, i % 4, 1e9 + Math.floor(i / 4)));
    expect(sizeOf(run(104)) - sizeOf(run(4))).toBe(2 * 100);
  });

  it('costs three bytes an order with more than 64 connections', () => {
    const run = (length: number) => range(length, (i) => order(7, 1 + i, i % 1000, 5 + Math.floor(i / 1000)));
    expect((sizeOf(run(3000)) - sizeOf(run(1000))) / 2000).toBeLessThan(3);
  });

  it('names each connection once', () => {
    expect(sizeOf([order(1, 1, 1, 1), order(1, 2, 1, 2)]) - sizeOf([order(1, 1, 1, 1)])).toBe(2);
    expect(sizeOf([order(1, 1, 1, 1), order(1, 2, 2, 1)]) - sizeOf([order(1, 1, 1, 1)])).toBe(2 + 16);
  });
});

it('keeps what breaks a run: another term, a gap, a step back, the ends of the range', () => {
  const MAX = Number.MAX_SAFE_INTEGER;
  const orders = [
    order(1, 5, 1, 10),
    order(1, 6, 1, 9),
    order(2, 7, 2, 1),
    order(2, 9, 1, 0),
    order(1, 1, 1, MAX),
    order(MAX, MAX, 2, MAX),
    order(MAX, MAX, 2, 0),
    order(0, 0, 2, MAX),
  ];
  expect(decodePeerFrame(encodePeerFrame(promise(orders)))).toStrictEqual(promise(orders));
});

it('keeps a list of thousands of connections', () => {
  const orders = range(5000, (i) => order(1, 1 + i, (i * 7) % 3001, i));
  expect(decodePeerFrame(encodePeerFrame(promise(orders)))).toStrictEqual(promise(orders));
});

describe('is refused', () => {
  const HEAD = [1, 0x26, 0];
  const id = (last: number) => [...new Array(15).fill(0), last];
  const decode = (...bytes: number[]) => decodePeerFrame(Uint8Array.from([...HEAD, ...bytes]));
  const END = [0, 0];

  it('though it would be accepted in this form', () => {
    expect(decode(1, 2, 0, 0, ...id(1), 0, ...END)).toStrictEqual({
      ...promise([order(1, 1, 1, 1)]),
      term: 0,
    });
  });

  it('a run written in two parts', () => {
    expect(() => decode(1, 2, 0, 0, ...id(1), 0, 1, 0, 0, 0, 0, ...END)).toThrow('a run in two parts');
  });

  it('a connection written out twice', () => {
    expect(() => decode(2, 2, 0, 0, ...id(1), 0, 2, ...id(1), 0, ...END)).toThrow('connection written out twice');
  });

  it('a connection that is not in the table', () => {
    expect(() => decode(1, 2, 0, 2, ...id(1), 0, ...END)).toThrow('connection 1 is not in the table');
  });

  it('flags that say nothing', () => {
    expect(() => decode(1, 2, 0, 1, ...id(1), 0, 0, ...END)).toThrow('all of them off');
  });

  it('a seqNum below zero', () => {
    expect(() => decode(1, 2, 0, 0, ...id(1), 0x05, ...END)).toThrow('out of range');
  });

  it('a run that the input is too short for, before anything is allocated', () => {
    expect(() => decode(0xff, 0xff, 0xff, 0xff, 0x0f, 2, 0)).toThrow('more than the input can hold');
  });
});
