import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { echoing } from './testing/echo.js';
import { ScriptedGroup } from './testing/scripted-replica.js';

const program = fileURLToPath(new URL('../dist/testing/one-call.js', import.meta.url));

/** Runs the built program; resolves when it exits, which nobody tells it to. */
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

describe('a program that returns from main', () => {
  let group: ScriptedGroup | undefined;
  afterEach(() => group?.stop());

  it('exits by itself after its calls', async () => {
    group = await ScriptedGroup.start(3, echoing);
    const { code, output } = await run(group.target, '3');
    expect({ code, output }).toEqual({ code: 0, output: 'call 0\ncall 1\ncall 2\n' });
    for (const replica of group.replicas) expect(replica.frames.at(-1)).toEqual({ kind: 'goodbye' });
  });

  it('exits by itself though a replica is down', async () => {
    group = await ScriptedGroup.start(2, echoing);
    group.replicas[1]?.stop();
    const { code, output } = await run(group.target);
    expect({ code, output }).toEqual({ code: 0, output: 'call 0\n' });
  });

  it('exits by itself though nobody can be reached', async () => {
    const { code, output } = await run('understudy:///localhost:1,localhost:2');
    expect(code).toBe(0);
    expect(output).toContain('UNDERSTUDY_UNREACHABLE');
  });
});
