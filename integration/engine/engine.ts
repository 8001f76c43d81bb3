/** Finds or starts the Docker engine of the tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { install, mayInstall } from '@understudy/coordinator-etcd/testing';
import { dirPrefix, sweep } from './leftovers.js';

const SYSTEM_SOCKET = '/var/run/docker.sock';
const STARTS_WITHIN_MS = 300_000;
const ASK_AGAIN_MS = 50;
/**
 * The reaper of testcontainers is an image that would have to be pulled. The tests remove their containers themselves.
 */
const NO_REAPER = { TESTCONTAINERS_RYUK_DISABLED: 'true' };

/** A Docker engine that the tests use. */
export interface Engine {
  /** The environment variables by which `docker` and testcontainers find the engine. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the engine if it was started for the tests. Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/**
 * Returns the engine that runs. If none does, starts one for the tests, and installs it first if necessary; only root
 * on Debian can do that.
 *
 * @throws Error that says what to start
 */
export async function startEngine(): Promise<Engine> {
  const running = await runningEngine();
  if (running !== undefined) return { env: { DOCKER_HOST: running, ...NO_REAPER }, stop: async () => {} };
  if (!mayInstall()) {
    throw new Error('these tests need a Docker engine: start one, or set DOCKER_HOST (on Debian root starts its own)');
  }
  if (!isInstalled()) install('docker.io');
  return OwnEngine.start();
}

async function runningEngine(): Promise<string | undefined> {
  const named = process.env.DOCKER_HOST;
  if (named !== undefined) return named;
  return (await answers(SYSTEM_SOCKET)) ? `unix://${SYSTEM_SOCKET}` : undefined;
}

/** Tells whether an engine listens at an address. */
function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 5_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.on('timeout', () => ping.destroy());
    ping.on('error', () => resolve(false));
    ping.end();
  });
}

const isInstalled = (): boolean =>
  ['dockerd', 'docker', 'setpriv'].every((program) => spawnSync(program, ['--version']).error === undefined);

/** Tells whether the host forwards packets from containers without a firewall rule that allows it. */
function forwards(): boolean {
  const { stdout } = spawnSync('iptables', ['-S', 'FORWARD'], { encoding: 'utf8' });
  return stdout?.includes('-P FORWARD DROP') !== true;
}

/**
 * Starts an engine with its own data, sockets and process id. Where the host's firewall lets containers talk, the
 * engine leaves it alone. Otherwise it would flush the rules of another engine, such as that of another test run, and
 * leave its own behind.
 */
class OwnEngine implements Engine {
  readonly env: Engine['env'];
  readonly #dir: string;
  readonly #process: ChildProcess;

  static async start(): Promise<OwnEngine> {
    sweep();
    const startedAt = performance.now();
    const engine = new OwnEngine(mkdtempSync(dirPrefix()));
    try {
      await engine.#ready();
    } catch (error) {
      await engine.stop();
      throw error;
    }
    console.log(`started a Docker engine in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    return engine;
  }

  private constructor(dir: string) {
    this.#dir = dir;
    const host = `unix://${join(dir, 'docker.sock')}`;
    // Published ports are here. Inside a container, testcontainers would look for them on a bridge.
    this.env = { DOCKER_HOST: host, TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1', ...NO_REAPER };
    const log = openSync(join(dir, 'log'), 'w');
    this.#process = spawn(
      'setpriv',
      [
        // The engine ends with its containers even if the tests are killed.
        ...['--pdeathsig', 'TERM', 'dockerd'],
        ...['--host', host, '--pidfile', join(dir, 'pid'), '--data-root', join(dir, 'data')],
        ...['--exec-root', join(dir, 'exec'), '--containerd-namespace', 'understudy'],
        ...['--containerd-plugins-namespace', 'understudy-plugins'],
        // A lookup of a replica that is gone fails at once, whatever name servers this machine has.
        ...['--dns', '127.0.0.1', '--dns-opt', 'timeout:1', '--dns-opt', 'attempts:1'],
        // Published ports go through the engine's proxies.
        ...(forwards() ? ['--iptables=false'] : []),
      ],
      { stdio: ['ignore', log, log] },
    );
    closeSync(log);
  }

  async stop(): Promise<void> {
    const engine = this.#process;
    if (engine.exitCode === null && engine.signalCode === null && engine.pid !== undefined) {
      const gone = once(engine, 'close');
      engine.kill('SIGTERM');
      await gone;
    }
    // The engine's mounts may be released a moment after its end.
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async #ready(): Promise<void> {
    const untilMs = performance.now() + STARTS_WITHIN_MS;
    while (!(await answers(join(this.#dir, 'docker.sock')))) {
      if (this.#process.exitCode !== null || this.#process.pid === undefined || performance.now() > untilMs) {
        const log = readFileSync(join(this.#dir, 'log'), 'utf8').trim().split('\n').slice(-5).join('\n');
        throw new Error(`the Docker engine did not start; the end of its log:\n${log}`);
      }
      await pause(ASK_AGAIN_MS);
    }
  }
}
