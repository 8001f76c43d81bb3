/** Tells whether the process that wrote a file still runs. */
import { readFile } from 'node:fs/promises';
import { systemCode } from './failure.js';

/** A process and the time when it started, because the numbers of processes are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process; undefined where the kernel does not say. */
  readonly started: string | undefined;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const stat = await statOf(process.pid);
  return { pid: process.pid, started: stat?.started };
}

/**
 * Whether a process has certainly ended. Without a start time, a later process of the same number is taken for the same
 * process. Looks processes up on this host, in the caller's pid namespace.
 */
export async function isGone(pid: number, started?: string): Promise<boolean> {
  const stat = await statOf(pid);
  if (stat === undefined) return !answers(pid);
  // A zombie has ended; its parent has not collected it yet.
  if (stat.state === 'Z' || stat.state === 'X') return true;
  return started !== undefined && stat.started !== started;
}

/**
 * Reads proc_pid_stat(5): field 2 is the command in parentheses and may hold anything, 3 the state, 22 the start time.
 */
async function statOf(pid: number): Promise<{ state: string; started: string } | undefined> {
  if (process.platform !== 'linux') return undefined;
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const started = fields?.[19];
  return state === undefined || started === undefined ? undefined : { state, started };
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}
