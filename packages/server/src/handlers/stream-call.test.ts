import type { Request } from '@understudy/core/internal';
import { describe, expect, it } from 'vitest';
import { jsonBytes } from '../testing/comparison/side-by-side.js';
import { OurStream } from '../testing/comparison/stream-ours.js';
import { PATH, type StreamHandler } from '../testing/comparison/streams.js';

const kinds = ['serverStream', 'clientStream', 'bidi'] as const;
const request: Request = {
  method: PATH,
  message: jsonBytes({ text: 'hello' }),
  metadata: [
    ['x-many', 'one'],
    ['x-many', 'two'],
    ['x-raw-bin', Buffer.from([1])],
  ],
  deadlineMs: 1_700_000_000_000,
};

async function seenBy(kind: (typeof kinds)[number], handler: StreamHandler): Promise<readonly unknown[]> {
  const stream = new OurStream({ kind, handler, client: [] }, request);
  await stream.step((execution) => execution.start());
  return stream.journal.handler;
}

describe('the handler of a stream', () => {
  it.each(kinds)('sees nothing of the replica it runs on: %s', async (kind) => {
    const seen = await seenBy(kind, (call, log) => {
      log(call.getPeer(), call.getHost(), call.getAuthContext(), call.getDeadline(), call.getPath(), call.cancelled);
      log(call.metadata.get('x-many'), call.metadata.get('x-raw-bin'));
    });
    expect(seen).toEqual([
      ['127.0.0.1:5000', '', {}, 1_700_000_000_000, PATH, false],
      [['one', 'two'], [Buffer.from([1])]],
    ]);
  });

  it.each(kinds)('has metadata of its own in each run: %s', async (kind) => {
    const handler: StreamHandler = (call, log) => {
      log(call.metadata.get('x-raw-bin'));
      (call.metadata.get('x-raw-bin')[0] as Buffer).fill(9);
      call.metadata.remove('x-many');
    };
    expect(await seenBy(kind, handler)).toEqual(await seenBy(kind, handler));
  });

  it('is given the one request of a server-streaming method', async () => {
    expect(await seenBy('serverStream', (call, log) => log(call.request))).toEqual([{ text: 'hello' }]);
  });
});
