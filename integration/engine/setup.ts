/** The set-up of all tests on containers. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findEtcd } from '@understudy/coordinator-etcd/testing';
import { announce } from './announcement.js';
import { type Engine, startEngine } from './engine.js';

const BUILD = fileURLToPath(new URL('../../docker/build.sh', import.meta.url));
const run = promisify(execFile);

/**
 * Starts an engine and builds the images while the first tests run, which need no containers; `wait.ts` has the files that
 * do wait for it. Returns the function that ends the engine.
 */
export default async function setup(): Promise<() => Promise<void>> {
  // The image of etcd is made from the installed program.
  findEtcd();
  const over = new AbortController();
  const preparing = prepare(over.signal);
  const announcement = await announce(preparing.then(({ env }) => env));
  return async () => {
    over.abort();
    announcement.close();
    // If no engine came, the test files that waited for it have failed already.
    await preparing.then(
      (engine) => engine.stop(),
      () => {},
    );
  };
}

async function prepare(signal: AbortSignal): Promise<Engine> {
  const engine = await startEngine();
  try {
    const { stdout } = await run(BUILD, ['--offline'], { env: { ...process.env, ...engine.env }, signal });
    console.log(stdout.trim());
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}
