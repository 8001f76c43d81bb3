import { readFile } from 'node:fs/promises';
import { systemCode } from './failure.js';

/** A process and when it began, since numbers of processes are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start, as the kernel gives them; undefined where it gives none. */
  readonly started: string | undefined;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  const stat = await statOf(process.pid);
  return { pid: process.pid, started: stat?.started };
}

/**
 * Whether a process is certainly no more. Without a start time, a later process of the same number is taken for it.
 * Processes are looked up on this host, in the caller's pid namespace.
 */
export async function isGone(pid: number, started?: string): Promise<boolean> {
  const stat = await statOf(pid);
  if (stat === undefined) return !answers(pid);
  // A zombie has ended; only its parent has not yet taken note.
  if (stat.state === 'Z' || stat.state === 'X') return true;
  return started !== undefined && stat.started !== started;
}

/** proc_pid_stat(5): the command's name is in parentheses and may hold anything; state is field 3, start time field 22. */
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
