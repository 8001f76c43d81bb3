import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { echoing } from '../testing/echo.js';
import { ScriptedGroup } from '../testing/scripted-replica.js';

const program = fileURLToPath(new URL('../../dist/testing/one-call.js', import.meta.url));

/** Runs the built program and waits until it exits, which nobody tells it to do. */
async function run(...args: string[]): Promise<{ code: number; output: string; stderr: string }> {
  const child = spawn(process.execPath, [program, ...args]);
  let output = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, output, stderr };
}

/**
 * A program that listens but accepts nothing, with its queue full, so that whoever connects from now on hears nothing.
 */
const MUTE = `
const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  process.stdout.write(String(server.address().port), () => process.kill(process.pid, 'SIGSTOP'));
});`;

async function startMute(): Promise<{ port: number; stop(): void }> {
  const child = spawn(process.execPath, ['-e', MUTE]);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const fillers: Socket[] = [];
  const connects = async (): Promise<boolean> => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    fillers.push(socket);
    const waited = new AbortController();
    const heard = once(socket, 'connect', waited).then(() => true);
    heard.catch(() => {});
    const nothing = pause(300, false, waited);
    nothing.catch(() => {});
    try {
      return await Promise.race([heard, nothing]);
    } finally {
      waited.abort();
    }
  };
  while (await connects());
  return {
    port: Number(port),
    stop() {
      child.kill('SIGKILL');
      for (const socket of fillers) socket.destroy();
    },
  };
}

describe('a program that has returned from main', () => {
  let group: ScriptedGroup | undefined;
  afterEach(() => group?.stop());

  it('exits after its calls', async () => {
    group = await ScriptedGroup.start(3, echoing);
    const { code, output } = await run(group.target, '3');
    expect({ code, output }).toEqual({ code: 0, output: 'call 0\ncall 1\ncall 2\n' });
    for (const replica of group.replicas) expect(replica.frames.at(-1)).toEqual({ kind: 'goodbye' });
  });

  it('exits though a replica is down', async () => {
    group = await ScriptedGroup.start(2, echoing);
    group.replicas[1]?.stop();
    const { code, output } = await run(group.target);
    expect({ code, output }).toEqual({ code: 0, output: 'call 0\n' });
  });

  it('exits though a host does not even answer attempts to connect', async () => {
    group = await ScriptedGroup.start(1, echoing);
    const mute = await startMute();
    try {
      const startedAt = performance.now();
      const { code, output } = await run(`${group.target},127.0.0.1:${mute.port}`);
      expect({ code, output }).toEqual({ code: 0, output: 'call 0\n' });
      // Left to the kernel, an attempt takes more than two minutes.
      expect(performance.now() - startedAt).toBeLessThan(100_000);
    } finally {
      mute.stop();
    }
  });

  it('exits though no replica can be reached', async () => {
    const { code, output } = await run('understudy:///localhost:1,localhost:2');
    expect(code).toBe(0);
    expect(output).toContain('UNDERSTUDY_UNREACHABLE');
  });
});
