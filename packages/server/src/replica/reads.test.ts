import type { sendUnaryData } from '@grpc/grpc-js';
import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it } from 'vitest';
import { counterService } from '../testing/counter.js';
import { type Node, Stage } from '../testing/stage.js';

const READS = 20;
const { service, method } = { service: 'test.Counter', method: 'Get' };

let stage: Stage;
afterEach(() => stage.end());

/** Replicas whose reads wait until a test lets them go on. */
class SlowReads {
  readonly waiting: (() => void)[] = [];

  async start(settings: Record<string, unknown> = {}): Promise<Node> {
    stage = new Stage(memoryCoordinator(), { methods: [{ name: [{ service, method }], readOnly: true }], ...settings });
    const node = await stage.bind('r1');
    node.counter.handlers.Get = (_call, callback: sendUnaryData<number>) => {
      this.waiting.push(() => callback(null, node.counter.value));
    };
    node.server.removeService(counterService);
    node.server.addService(counterService, node.counter.handlers);
    await node.start();
    return node;
  }

  /** Makes reads, and waits until all of them run. */
  async begin(node: Node, count: number): Promise<Promise<unknown>[]> {
    const answers = Array.from({ length: count }, () => node.call('Get', {}));
    await stage.until(() => this.waiting.length === count);
    return answers;
  }

  goOn(): void {
    for (const end of this.waiting.splice(0)) end();
  }
}

describe('read-only calls whose handlers wait for something', () => {
  it('run beside each other', async () => {
    const reads = new SlowReads();
    const node = await reads.start();
    const answers = await reads.begin(node, READS);
    reads.goOn();
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ error: null, value: 0 });
  });

  it('hold up no other call, and see what other calls did, as in a service that is not replicated', async () => {
    const reads = new SlowReads();
    const node = await reads.start();
    const [answer] = await reads.begin(node, 1);
    expect(await node.add('a', 5)).toMatchObject({ error: null, value: 5 });
    reads.goOn();
    expect(await answer).toMatchObject({ error: null, value: 5 });
  });

  it('are given up after stallMs, and other calls are answered', async () => {
    const reads = new SlowReads();
    const node = await reads.start({ stallMs: 200 });
    void reads.begin(node, 1);
    await stage.until(() => stage.logged.some((line) => line.includes('a handler did not end in time')));
    expect(await node.add('a', 1)).toMatchObject({ error: null, value: 1 });
  });
});
