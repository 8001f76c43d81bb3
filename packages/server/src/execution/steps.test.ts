import type { ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { currentHandling } from '@understudy/context';
import { describe, expect, it } from 'vitest';
import type { Callback } from '../capture/captured.js';
import { LoneExecutor } from '../testing/lone-executor.js';
import { textOf } from '../testing/other-service.js';

/** There is no client in this process whose calls handlers might make. */
describe('in a process whose handlers make no calls', () => {
  it('a unary call is answered at once', () => {
    const executor = new LoneExecutor({
      add: (_call: ServerUnaryCall<unknown, unknown>, callback: Callback) =>
        callback(null, currentHandling() === undefined),
    });
    void executor.call('add');
    expect(executor.all('executed').map(({ outcome }) => textOf(outcome))).toEqual(['true']);
    expect(executor.activity.running).toBe(0);
  });

  it('what a unary handler sends on streams belongs to its message, until it is at rest', async () => {
    let stream: ServerDuplexStream<unknown, unknown> | undefined;
    const executor = new LoneExecutor(
      {
        publish: async (_call: ServerUnaryCall<unknown, unknown>, callback: Callback) => {
          callback(null, 'done');
          await null;
          stream?.write('after it had answered');
        },
      },
      {
        streaming: {
          listen: (call: ServerDuplexStream<unknown, unknown>) => {
            stream = call;
            call.resume();
          },
        },
      },
    );
    await executor.part('listen', { kind: 'open' });
    const { outcome, outputs } = await executor.call('publish');
    expect(textOf(outcome)).toBe('"done"');
    expect(outputs?.map(({ item }) => item.kind)).toEqual(['metadata', 'message']);
    expect(executor.all('lateItem')).toEqual([]);
  });
});
