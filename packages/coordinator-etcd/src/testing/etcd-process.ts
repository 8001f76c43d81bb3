import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { findEtcd } from './find-etcd.js';
import { freePorts } from './free-ports.js';

const READY = /ready to serve client requests|serving (?:insecure )?client (?:requests|traffic)/i;

/** A real etcd with one member on free loopback ports. Its directory outlives a kill, so that it can start again. */
export class EtcdProcess {
  readonly host: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'understudy-etcd-'));
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  /** @param args options of etcd other than its addresses, such as `--cert-file` */
  static async start(args: readonly string[] = [], scheme: 'http' | 'https' = 'http'): Promise<EtcdProcess> {
    const [client, peer] = await freePorts(2);
    const process = new EtcdProcess(`${scheme}://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`, args);
    await process.start();
    return process;
  }

  private constructor(client: string, peer: string, args: readonly string[]) {
    this.host = client;
    this.#args = [
      ...['--data-dir', this.#dir, '--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
      ...args,
    ];
  }

  /** Starts etcd with the data that it had before. Resolves when it serves. */
  async start(): Promise<void> {
    const child = spawn(findEtcd(), this.#args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    const said: string[] = [];
    const serves = new Promise<void>((resolve) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        if (said.length < 200) said.push(line);
        if (READY.test(line)) resolve();
      });
    });
    const ended = once(child, 'close').then(() => {
      throw new Error(`etcd ended before it served:\n${said.slice(-5).join('\n')}`);
    });
    ended.catch(() => {});
    await Promise.race([serves, ended]);
  }

  /** Kills etcd as a crash would. Resolves when the process has ended. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  }

  /** Stops the process from running until `resume`. Its threads may go on for a moment, so this waits for each of them. */
  async suspend(): Promise<void> {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    const tasks = `/proc/${pid}/task`;
    for (;;) {
      const threads = await readdir(tasks);
      // One that has ended meanwhile has no state.
      const stats = await Promise.all(
        threads.map((thread) => readFile(`${tasks}/${thread}/stat`, 'utf8').catch(() => '')),
      );
      // The state follows the name, which is in parentheses.
      if (stats.every((stat) => stat.slice(stat.lastIndexOf(')')).startsWith(') T'))) return;
    }
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Removes what an etcd that was killed has stored, so that it starts as a new one at the same address. */
  forget(): void {
    rmSync(this.#dir, { recursive: true, force: true });
    mkdirSync(this.#dir, { mode: 0o700 });
  }

  async remove(): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
