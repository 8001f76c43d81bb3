/** The set-up of all tests on containers. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findEtcd } from '@understudy/coordinator-etcd/testing';
import { startEngine } from './engine.js';

const BUILD = fileURLToPath(new URL('../../docker/build.sh', import.meta.url));

/** Starts an engine and builds the images before any test on containers. Returns the function that ends the engine. */
export default async function setup(): Promise<() => Promise<void>> {
  const engine = await startEngine();
  try {
    Object.assign(process.env, engine.env);
    // The image of etcd is made from the installed program.
    findEtcd();
    execFileSync(BUILD, ['--offline'], { stdio: ['ignore', 'inherit', 'ignore'] });
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return () => engine.stop();
}
