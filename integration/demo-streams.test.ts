import { describe, expect, it } from 'vitest';
import { silentProgress } from '../packages/workshop/dist/demo/show/progress.js';
import { Stage } from '../packages/workshop/dist/demo/stage/stage.js';
import { CHAT_DEMO } from '../packages/workshop/dist/demo/streams/chat/chat-demo.js';
import { runReplicatedStreams } from '../packages/workshop/dist/demo/streams/run-streams.js';
import { HANG_S, MODE } from './group.js';

const SIZE = { replicas: 3, kills: 2, timeoutS: HANG_S, keep: false, bare: false, clients: 4, messages: 60 };

describe('the demo of the chat', () => {
  it.each([
    { name: 'semi-active, direct, concurrent', mode: MODE },
    {
      name: 'passive, destination, acknowledged',
      mode: { ...MODE, replication: 'passive', multicast: 'destination', release: 'acknowledged' },
    },
  ] as const)('is one conversation although two primaries are killed: $name', async ({ mode }) => {
    const stage = new Stage(HANG_S, new AbortController().signal, 'integration');
    try {
      const run = await runReplicatedStreams(stage, CHAT_DEMO, { ...SIZE, mode }, silentProgress);
      expect(run.proof.problems).toEqual([]);
      expect(run.shortcomings).toEqual([]);
    } catch (error) {
      console.log(`the logs of the processes: ${stage.dir}`);
      throw error;
    } finally {
      await stage.end();
    }
    stage.removeDir();
  });
});
