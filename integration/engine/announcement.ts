/** Tells the processes of the tests when the engine is ready. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** The environment variable that has the path of the socket where it is announced. */
const SOCKET = 'UNDERSTUDY_TEST_ENGINE';

type Environment = Readonly<Record<string, string>>;

/** The answer to a process that asks: the environment variables by which the engine is found, or why there is none. */
type Announced = { readonly env: Environment } | { readonly error: string };

/**
 * Tells processes that are started from now on, once they ask, what comes of the engine.
 *
 * @param engine resolves, when it is ready, with the environment variables by which it is found
 */
export async function announce(engine: Promise<Environment>): Promise<{ close(): void }> {
  const said: Promise<Announced> = engine.then(
    (env) => ({ env }),
    (error: Error) => ({ error: error.message }),
  );
  const directory = mkdtempSync(join(tmpdir(), 'understudy-engine-'));
  const path = join(directory, 'ready');
  const server = createServer(async (asker) => {
    // A process that ends while it waits needs no answer.
    asker.on('error', () => {});
    asker.end(JSON.stringify(await said));
  });
  server.listen(path);
  await once(server, 'listening');
  process.env[SOCKET] = path;
  return {
    close() {
      server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Waits until the engine is ready.
 *
 * @returns the environment variables by which it is found
 * @throws Error with the reason if it cannot be had
 */
export async function announced(): Promise<Environment> {
  const path = process.env[SOCKET];
  if (path === undefined)
    throw new Error('no engine was started for these tests: run them with the project containers');
  const answer = JSON.parse(await text(connect(path))) as Announced;
  if ('error' in answer) throw new Error(answer.error);
  return answer.env;
}
