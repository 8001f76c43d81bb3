/** Checks a group by its record and by what its replicas say of themselves. */
import type { ReplicaReport } from '../admin/report.js';
import { quoted } from '../common/text.js';
import { refusals } from '../group/group-status.js';
import type { LiveRow, LiveStatus } from '../group/live-status.js';
import { type Finding, finding, ok, orOk } from './finding.js';

export function groupFindings(status: LiveStatus): readonly Finding[] {
  return [
    ...orOk(recordFindings(status), 'record', recordSummary(status)),
    ...orOk(memberFindings(status), 'members', `${status.record.inSync.length} replicas are in sync, and they run`),
    ...orOk(versionFindings(status), 'versions', 'all replicas run the same code'),
    ...orOk(settingFindings(status), 'settings', 'all replicas were given the settings in force'),
    ...stateFindings(status),
  ];
}

const recordSummary = ({ record }: LiveStatus): string =>
  `can be read: term ${record.term}, epoch ${record.epoch}, primary ${record.primary.id}`;

function recordFindings({ record, problems }: LiveStatus): Finding[] {
  const findings = problems.map((problem) => finding('wrong', 'coordinator', problem));
  if (record.ended) {
    const text =
      'the group has ended: its last replica stopped; the next one that starts begins anew, without the state';
    findings.push(finding('warn', 'record', text));
  }
  for (const text of refusals(record)) {
    const advice = 'see what the processes that ended wrote last, and mend the handler';
    findings.push(finding('warn', 'record', `${text}; ${advice}`));
  }
  if (record.forced)
    findings.push(finding('warn', 'record', 'an operator forced this record; that ends with the next term'));
  return findings;
}

function memberFindings({ group, record, replicas }: LiveStatus): Finding[] {
  const findings: Finding[] = [];
  const runs = (row: LiveRow): boolean => row.role !== 'out of sync' && row.runs;
  if (!replicas.some(runs) && !record.ended) {
    const [other] = replicas.filter((row) => row.runs);
    const advice = `start one of them again if its process still has the state; otherwise give up what only they held: understudy force --group ${group} --replica ${other?.id ?? '<id>'}`;
    findings.push(
      finding('wrong', 'members', `no replica that is in sync runs, so the group does not serve; ${advice}`),
    );
  }
  for (const row of replicas) findings.push(...rowFindings(row, record.primary.id));
  if (record.inSync.length === 1 && !record.ended) {
    const text =
      'only one replica is in sync, so its crash loses the state; start others, and see `understudy log` for what they wait for';
    findings.push(finding('warn', 'members', text, record.primary.id));
  }
  return [...findings, ...twins(replicas)];
}

function rowFindings({ id, role, runs, told }: LiveRow, primary: string): Finding[] {
  if (!runs && role === 'primary') {
    return [
      finding(
        'wrong',
        'members',
        'is the primary and does not run; another one takes over when its lease is over, if one runs',
        id,
      ),
    ];
  }
  if (!runs && role === 'in sync') {
    const text = `counts as in sync and does not run; start it again, or wait until ${primary} removes it`;
    return [finding('wrong', 'members', text, id)];
  }
  if (!runs)
    return [finding('warn', 'members', 'is in the record and does not run; start it, or `understudy remove` it', id)];
  const blocked = told?.report.blocked;
  if (blocked !== undefined) return [finding('wrong', 'members', blocked, id)];
  if (role === 'out of sync') return [finding('warn', 'members', 'runs and is not in sync yet', id)];
  return [];
}

/** Replicas that cannot be told apart. */
function twins(replicas: readonly LiveRow[]): Finding[] {
  const running = replicas.filter(({ runs }) => runs);
  const same = (key: (row: LiveRow) => string | undefined): readonly LiveRow[] =>
    running.filter((row, i) => running.findIndex((other) => key(other) === key(row)) < i);
  return [
    ...same(({ id }) => id).map(({ id }) =>
      finding('wrong', 'members', 'several processes run under this name; stop all but one', id),
    ),
    ...same(({ address }) => address).map(({ id, address }) =>
      finding('wrong', 'members', `announces ${address}, as another replica does; give each an address of its own`, id),
    ),
  ];
}

function versionFindings({ record, replicas }: LiveStatus): Finding[] {
  const inForce = record.code.at(-1)?.version ?? '';
  return replicas.flatMap(({ id, version, told }) => {
    const own = told?.report.version || version;
    if (own === undefined || own === inForce) return [];
    const text = `runs ${quoted(own)} while the primary's code is ${quoted(inForce)}; finish the upgrade, or roll it back`;
    return [finding('warn', 'versions', text, id)];
  });
}

const settingFindings = ({ replicas }: LiveStatus): Finding[] =>
  replicas.flatMap(({ id, waitsWith = [] }) => {
    if (waitsWith.length === 0) return [];
    const text = `was given other settings than those in force, and applies them when it is primary: ${waitsWith.join(', ')}; give all replicas the same`;
    return [finding('warn', 'settings', text, id)];
  });

/** How many orders a replica may be behind before that is a finding. */
const LAG_MAX = 10_000;

function stateFindings({ replicas }: LiveStatus): readonly Finding[] {
  const told = replicas.flatMap((row) => (row.told === undefined ? [] : [{ row, report: row.told.report }]));
  if (told.length === 0) return [];
  const findings: Finding[] = [];
  for (const { row, report } of told) {
    findings.push(...countFindings(row.id, report));
    const twin = told
      .filter((other) => settled(other.report) && settled(report))
      .find((other) => other.report.processedUpTo === report.processedUpTo && other.report.digest !== report.digest);
    if (twin !== undefined && twin.row.id < row.id && report.processedUpTo > 0) {
      const text = `has other results than ${twin.row.id} after the same ${report.processedUpTo} calls; see the logs of both for the first call that differed`;
      findings.push(finding('wrong', 'state', text, row.id));
    }
    if (row.lag !== undefined && row.lag > LAG_MAX) {
      findings.push(
        finding('warn', 'state', `is ${row.lag} orders behind the primary; see whether it is short of CPU`, row.id),
      );
    }
    if (report.recordChange !== undefined) findings.push(finding('wrong', 'coordinator', report.recordChange, row.id));
    if (report.degraded !== undefined) findings.push(finding('warn', 'state', report.degraded, row.id));
    for (const { method, times } of report.diverging) {
      const text = `has differed from the primary ${times} times in ${method || 'an unknown method'}; mend its handler, see its log`;
      findings.push(finding('wrong', 'state', text, row.id));
    }
    if (report.leaving !== undefined) findings.push(finding('warn', 'members', report.leaving, row.id));
  }
  const asked = told.map(({ row }) => row.id).join(', ');
  return findings.length > 0 ? findings : [ok('state', `${asked} say that nothing is wrong with them`)];
}

const settled = ({ role }: ReplicaReport): boolean => role === 'primary' || role === 'backup';

function countFindings(
  id: string,
  { divergences, strayErrors, refusedBodies, forgedOrders }: ReplicaReport,
): Finding[] {
  const counts = [
    ['wrong', divergences, 'saw replicas differ from the primary; its log names the call and the likely cause'],
    ['warn', strayErrors, 'had errors that handlers or interceptors left to nobody; await the promise, see its log'],
    ['warn', refusedBodies, 'got messages that a client had sent differently to others; see its log for which client'],
    ['warn', forgedOrders, 'got orders from clients that no replica had sealed; see its log for which client'],
  ] as const;
  return counts
    .filter(([, count]) => count > 0)
    .map(([severity, count, text]) => finding(severity, 'state', `${text} (${count} since it started)`, id));
}
