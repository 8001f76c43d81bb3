/** The table of idle groups. */
import type { Idle, IdleOf } from '../measure/idle/idle.js';
import type { Settings } from '../measure/settings.js';
import { spreadOf } from '../measure/statistics.js';
import { attemptsText } from './circumstances.js';
import { digits, table } from './table.js';

const HEAD = ['sessions', 'primary %', 'backup %', 'clients %', 'primary', 'backups', 'peers', 'packets'];

export function idleTable(rows: readonly IdleOf[], { rounds, seconds }: Settings): string {
  const title =
    `An idle group, medians of ${rounds} rounds of ${seconds} s: CPU in % of a core; gRPC messages\n` +
    'a second, both ways, of clients with the primary and with the backups, and among\n' +
    'replicas; packets a second on the loopback, other programs and liveness included';
  const lines = rows.map(({ sessions, turns }) => {
    const median = (of: (turn: Idle) => number): string => digits(spreadOf(turns.map(of)).median);
    return [
      digits(sessions),
      median(({ primaryPercent }) => primaryPercent),
      median(({ backupPercents }) => spreadOf(backupPercents).median),
      median(({ clientsPercent }) => clientsPercent),
      median(({ flows }) => flows.clientToPrimary.messages + flows.primaryToClient.messages),
      median(({ flows }) => flows.clientToBackups.messages + flows.backupsToClient.messages),
      median(({ flows }) => flows.betweenReplicas.messages),
      median(({ packetsPerSecond }) => packetsPerSecond ?? Number.NaN),
    ];
  });
  const attempted = rows
    .flatMap(({ turns }) => turns)
    .flatMap(({ disturbed, flowsDisturbed }) => [{ disturbed }, { disturbed: flowsDisturbed }]);
  return `${table(title, HEAD, lines)}\n${attemptsText(attempted)}`;
}
