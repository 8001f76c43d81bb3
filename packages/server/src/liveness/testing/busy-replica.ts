import { type ChildProcess, fork } from 'node:child_process';
import type { ReplicaServerOptions } from '../../replica/options.js';

/** How the replicas of a group that can be blocked are set up. */
export interface BusySetup {
  /** Of the group, besides its name. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly options?: Partial<ReplicaServerOptions>;
  readonly execArgv?: readonly string[];
  /** The address to which their servers are bound. Default: that of loopback. */
  readonly listen?: string;
  /** How large the heap of a replica is, in MiB. Default: as small as it can be. */
  readonly heapMb?: number;
}

export interface BusyStatus {
  readonly role: string;
  readonly term: number;
  readonly inSync: number;
  readonly digest: string;
}

/** What `child-busy` tells its parent. */
interface Told {
  readonly logged?: Record<string, unknown>;
  readonly status?: BusyStatus;
  readonly port?: number;
  readonly collected?: readonly number[];
}

/** The programs that a test runs, which `npm run build` made. */
export interface BusyPrograms {
  /** `child-busy`. */
  readonly replica: string;
  /** The module that has `embeddedCoordinator`. */
  readonly coordinators: string;
}

/** A replica in a process of its own. */
export class BusyReplica {
  readonly id: string;
  readonly child: ChildProcess;
  readonly logged: Record<string, unknown>[] = [];
  /** How long each collection of garbage took that it was asked for. */
  readonly collected: number[] = [];
  stderr = '';
  port = 0;
  readonly #waiting: ((status: BusyStatus) => void)[] = [];

  /** @param directory that of the group's record */
  constructor(id: string, directory: string, programs: BusyPrograms, setup: BusySetup) {
    const { settings = {}, options = {}, execArgv = [], listen = '127.0.0.1', heapMb = 0 } = setup;
    const json = [JSON.stringify(settings), JSON.stringify(options)];
    const args = [id, directory, programs.coordinators, ...json, listen, String(heapMb)];
    this.id = id;
    // The child must not get the test runner's condition, which makes imports find sources.
    this.child = fork(programs.replica, args, { execArgv: [...execArgv], silent: true });
    this.child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.child.on('message', ({ logged, status, port, collected }: Told) => {
      if (logged !== undefined) this.logged.push(logged);
      if (status !== undefined) this.#waiting.shift()?.(status);
      if (port !== undefined) this.port = port;
      if (collected !== undefined) this.collected.push(...collected);
    });
  }

  /** Resolves once the condition holds. It is looked at whenever the replica tells something. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const gone = (): void => settle(() => reject(new Error(`the replica ended: ${this.stderr}`)));
      const look = (): void => {
        if (condition()) settle(resolve);
        else if (!this.runs) gone();
      };
      const settle = (how: () => void): void => {
        this.child.off('message', look).off('exit', gone);
        how();
      };
      this.child.on('message', look).on('exit', gone);
      look();
    });
  }

  async started(): Promise<this> {
    await this.until(() => this.port !== 0);
    return this;
  }

  status(): Promise<BusyStatus> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.child.send('status');
    });
  }

  /** Ends the thread that exchanges its heartbeats. */
  endThread(): void {
    this.child.send('end thread');
  }

  /** What it logged about one event. */
  said(event: RegExp): readonly Record<string, unknown>[] {
    return this.logged.filter((line) => event.test(String(line.event)));
  }

  get runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}
