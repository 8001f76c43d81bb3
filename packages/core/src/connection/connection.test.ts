import { expect, it } from 'vitest';
import type { OrderNum, SeqNum, Term } from '../model/ids.js';
import { VOIDED } from '../model/outcome.js';
import { sessionOf } from '../testing/world/identity.js';
import { Connection } from './connection.js';
import { Usage } from './usage.js';

const FIRST = 1 as SeqNum;

function received(): Connection {
  const connection = new Connection(sessionOf(1), new Usage());
  connection.markReceived(FIRST);
  const message = connection.message(FIRST);
  message.request = { method: '/log.Log/Append', message: new Uint8Array() };
  message.become('received');
  return connection;
}

it('a message whose body was dropped before it had an order is not taken for a repeat when it comes again', () => {
  const connection = received();
  expect(connection.knows(FIRST)).toBe(true);
  connection.forgetUnordered(FIRST);
  expect(connection.messages.has(FIRST)).toBe(false);
  expect(connection.knows(FIRST)).toBe(false);
});

it('a message whose reply the client has seen stays known when its body is dropped', () => {
  const connection = received();
  connection.see(FIRST);
  connection.forgetUnordered(FIRST);
  expect(connection.knows(FIRST)).toBe(true);
});

it('a message that was dropped and then voided in the order is known when its body comes again', () => {
  const connection = received();
  connection.forgetUnordered(FIRST);
  const message = connection.message(FIRST);
  const place = { term: 1 as Term, orderNum: 1 as OrderNum, timeMs: 0, connection: connection.id };
  connection.enterLog(message, { ...place, kind: 'void', seqNum: FIRST, outcome: VOIDED });
  connection.conclude(message, VOIDED);
  connection.leaveLog(message);
  expect(connection.knows(FIRST)).toBe(true);
});
