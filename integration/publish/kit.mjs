/** A test of a user's service with the test kit, in node's own runner. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { checkDeterminism, inProcessGroup } from '@understudy/testing';

const json = {
  requestSerialize: (value) => Buffer.from(JSON.stringify(value)),
  requestDeserialize: (bytes) => JSON.parse(bytes.toString()),
  responseSerialize: (value) => Buffer.from(JSON.stringify(value)),
  responseDeserialize: (bytes) => JSON.parse(bytes.toString()),
};
const unary = { requestStream: false, responseStream: false, ...json };
const Notes = { write: { path: '/notes.v1.Notes/Write', ...unary }, read: { path: '/notes.v1.Notes/Read', ...unary } };

function makeNotes() {
  let notes = [];
  return {
    state: {
      checkpoint: () => Buffer.from(JSON.stringify(notes)),
      restore: (bytes) => {
        notes = JSON.parse(Buffer.from(bytes).toString());
      },
    },
    addTo: (server) =>
      server.addService(Notes, {
        write: ({ request }, reply) => {
          notes.push({ id: randomUUID(), text: request.text, at: Date.now() });
          reply(null, notes.at(-1));
        },
        read: (_call, reply) => reply(null, notes),
      }),
  };
}

test('notes outlive the replica that took them', async () => {
  const group = await inProcessGroup(makeNotes, { replicas: 2 });
  try {
    const first = await group.call('Write', { text: 'milk' });
    assert.equal(first.code, 0);
    await group.killPrimary();
    await group.rejoin();
    await group.call('Write', { text: 'bread' });
    await group.settled();
    assert.deepEqual((await group.call('Read')).reply[0], first.reply);
    assert.equal(new Set(Object.values(await group.digests())).size, 1);
  } finally {
    await group.close();
  }
});

test('notes come to the same on every replica', async () => {
  await checkDeterminism(makeNotes, [{ method: 'Write', request: { text: 'milk' } }, { method: 'Read' }]);
});

test('notes with a mark of the instance do not, and the kit says where it was drawn', async () => {
  const makeMarked = () => {
    const mark = randomUUID();
    const write = (_call, reply) => reply(null, mark);
    return { state: 'none', addTo: (server) => server.addService(Notes, { write }) };
  };
  await assert.rejects(checkDeterminism(makeMarked, [{ method: 'Write', request: {} }]), (error) => {
    assert.equal(error.code, 'UNDERSTUDY_DIVERGED');
    assert.match(error.difference.cause, /randomness that is drawn outside of steps, at .*kit\.mjs:\d+/);
    return true;
  });
});
