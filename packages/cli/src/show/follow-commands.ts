/** `understudy watch` and `understudy log`: what happens to groups, as it happens. */
import { clearScreenDown, cursorTo } from 'node:readline';
import { UnderstudyError } from '@understudy/core';
import type { OperatorIdentity } from '../common/identity.js';
import { untilInterrupted } from '../common/interrupt.js';
import type { JsonOption, Output } from '../common/output.js';
import type { Source } from '../common/source.js';
import { clip } from '../common/text.js';
import { primaryOf } from '../group/live-status.js';
import { follow, type Look } from './follow.js';
import { renderStatus } from './render.js';

export interface FollowCommandOptions extends JsonOption {
  readonly group?: string;
  /** Seconds, as written. */
  readonly interval?: string;
  readonly wide?: boolean;
}

const NAME_MAX = 60;
const EVENT_MAX = 400;
const INTERVAL_MIN_S = 0.1;
const INTERVAL_MAX_S = 3_600;

/** Draws the status again and again if `out` is a terminal. Otherwise it prints what changes, as `log` does. */
export async function watchCommand(
  source: Source,
  options: FollowCommandOptions,
  identity: OperatorIdentity,
  output: Output,
  signal?: AbortSignal,
): Promise<number> {
  const { screen } = output;
  if (screen === undefined || options.json === true) return logCommand(source, options, identity, output, signal);
  const looks = new Map<string, Look>();
  return followAll(source, options, identity, signal, (look) => {
    looks.set(look.group, look);
    const text = [...looks.values()].map((each) => drawn(each, options)).join('\n');
    const head = `${new Date().toISOString()}  Ctrl-C ends this\n\n`;
    // A terminal that is too small shows the beginning instead of scrolling.
    const lines = (head + text).split('\n').slice(0, screen.rows - 1);
    cursorTo(screen, 0, 0);
    clearScreenDown(screen);
    output.out(`${lines.join('\n')}\n`);
  });
}

const drawn = ({ status, error, load }: Look, { wide }: FollowCommandOptions): string =>
  status === undefined ? `${error?.message}\n` : renderStatus(status, { load, wide });

/** Prints who is primary and in sync, and then a line for everything that changes. */
export function logCommand(
  source: Source,
  options: FollowCommandOptions,
  identity: OperatorIdentity,
  output: Output,
  signal?: AbortSignal,
): Promise<number> {
  const begun = new Set<string>();
  return followAll(source, options, identity, signal, (look) => {
    const { group, status, events } = look;
    const lines = [...events];
    if (!begun.has(group) && status !== undefined) {
      begun.add(group);
      const { record } = status;
      const inSync = record.inSync.map(({ id }) => id).join(', ');
      const runs = primaryOf(status)?.runs === true ? '' : ', which does not run';
      const text = `term ${record.term}: ${record.primary.id} is primary${runs}; in sync are ${inSync}`;
      lines.unshift({ level: runs === '' ? 'info' : 'warn', text });
    }
    const time = new Date().toISOString();
    for (const { level, replica, text } of lines) {
      if (options.json === true) {
        output.out(`${JSON.stringify({ time, level, group, replica, event: text })}\n`);
      } else {
        const who = [group, replica].filter((name) => name !== undefined).map((name) => clip(name, NAME_MAX));
        output.out(`${time} ${level} ${who.join(' ')}: ${clip(text, EVENT_MAX)}\n`);
      }
    }
  });
}

async function followAll(
  source: Source,
  { group, interval = '1' }: FollowCommandOptions,
  identity: OperatorIdentity,
  outer: AbortSignal | undefined,
  see: (look: Look) => void,
): Promise<number> {
  const seconds = Number(interval);
  if (!(seconds >= INTERVAL_MIN_S && seconds <= INTERVAL_MAX_S)) {
    const allowed = `${INTERVAL_MIN_S} to ${INTERVAL_MAX_S}`;
    throw new UnderstudyError(
      'UNDERSTUDY_SETUP',
      `--interval takes seconds, ${allowed}, not ${JSON.stringify(interval)}`,
    );
  }
  const groups = group === undefined ? await source.groups() : [group];
  if (groups.length === 0) {
    const problem = `no group has a record in ${source.name}; start a replica, or name the group that will have one: --group <name>`;
    throw new UnderstudyError('UNDERSTUDY_SETUP', problem);
  }
  await untilInterrupted(outer, async (signal) => {
    const options = { source, identity, everyMs: seconds * 1_000, signal };
    await Promise.all(groups.map((name) => follow(name, options, see)));
  });
  return 0;
}
