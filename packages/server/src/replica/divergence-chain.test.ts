import { memoryCoordinator } from '@understudy/coordinator-embedded';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Node, Stage } from '../testing/stage.js';

let stage: Stage;
afterEach(() => stage.end());

const METHOD = '/test.Counter/Add';

/** Has the copies of a replica's state wait until a test lets them be made. */
function holdCopies({ counter }: Node): () => void {
  const source = counter as { checkpoint(): Uint8Array | Promise<Uint8Array> };
  const make = counter.checkpoint.bind(counter);
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  source.checkpoint = async () => {
    await released;
    return make();
  };
  return () => {
    source.checkpoint = make;
    release();
  };
}

describe('a replica that differs, of a service without a logger', () => {
  it('says so on stderr and in its status, and is missed by its primary until it has restored', async () => {
    stage = new Stage(memoryCoordinator());
    const nodes: Node[] = [];
    // Without a logger of the service.
    for (const id of ['r1', 'r2']) nodes.push(await stage.start(id, { logger: undefined } as never));
    const [primary, odd] = nodes as [Node, Node];
    await stage.until(() => primary.status.inSync.length === 2);
    const written: string[] = [];
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    try {
      odd.counter.mark = 1;
      const release = holdCopies(primary);
      expect((await primary.add('a', 1)).error).toBeNull();
      await stage.until(() => primary.status.inSync.length === 1);
      expect(primary.status.degraded).toMatch(
        /^no backup is in sync, .*: r2 left at order \d+, because it differs \(UNDERSTUDY_DIVERGED\)/,
      );
      expect(odd.status.diverging).toEqual([]);
      odd.counter.mark = 0;
      release();
      await stage.until(() => primary.status.inSync.length === 2);
      expect(primary.status.degraded).toBeUndefined();

      odd.counter.mark = 1;
      expect((await primary.add('b', 1)).error).toBeNull();
      await stage.until(() => odd.status.diverging.length > 0);
      expect(odd.status.diverging).toEqual([{ method: METHOD, times: 2 }]);
      expect(odd.status.divergences).toBe(2);
      odd.counter.mark = 0;
      await stage.until(() => primary.status.inSync.length === 2);
      expect(odd.status.diverging).toEqual([{ method: METHOD, times: 2 }]);
      expect(odd.counter.ids).toEqual(['a', 'b']);
    } finally {
      stderr.mockRestore();
    }
    const lines = written.flatMap((text) => text.split('\n')).filter((line) => line.includes('UNDERSTUDY_DIVERGED'));
    const told = lines.map((line) => JSON.parse(line) as { level: string; message: string; method?: string });
    expect(told.every(({ level }) => level === 'error')).toBe(true);
    expect(told.filter(({ method }) => method === METHOD)).toHaveLength(1);
    expect(told.map(({ message }) => message).join('\n')).toMatch(
      /replica r2 came to other results than the primary at order \d+, \/test.Counter\/Add .*Usual causes/,
    );
    expect(told.some(({ message }) => message.startsWith('replica r2 differs from this primary'))).toBe(true);
  });
});
