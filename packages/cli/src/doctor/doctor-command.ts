/** `understudy doctor`: looks at everything that goes wrong, from where it runs, and says what to do. */
import { failureOf } from '../common/failure.js';
import type { OperatorIdentity } from '../common/identity.js';
import type { JsonOption, Output } from '../common/output.js';
import { type Source, withCoordinator } from '../common/source.js';
import { clip } from '../common/text.js';
import { liveStatus } from '../group/live-status.js';
import { clockFindings } from './clock.js';
import { type Finding, finding, orOk } from './finding.js';
import { groupFindings } from './group-checks.js';
import { hostFindings, reachFindings } from './reach-checks.js';

export interface DoctorOptions extends JsonOption {
  readonly group?: string;
}

const NAME_MAX = 60;
const TEXT_MAX = 600;

/** Prints a line for each finding. The exit code is 1 if something is wrong. */
export async function doctorCommand(
  source: Source,
  options: DoctorOptions,
  identity: OperatorIdentity,
  output: Output,
): Promise<number> {
  const findings = [...(await sourceFindings(source))];
  for (const group of await groupsOf(source, options, findings)) {
    for (const each of await findingsOf(source, group, identity)) findings.push({ ...each, group });
  }
  const healthy = findings.every(({ severity }) => severity !== 'wrong');
  if (options.json === true) output.out(`${JSON.stringify({ healthy, findings }, undefined, 2)}\n`);
  else for (const each of findings) output.out(`${lineOf(each)}\n`);
  return healthy ? 0 : 1;
}

async function sourceFindings({ name, hosts }: Source): Promise<readonly Finding[]> {
  return orOk(await hostFindings(hosts), 'coordinator', `${name} is reached`);
}

async function groupsOf(source: Source, { group }: DoctorOptions, findings: Finding[]): Promise<readonly string[]> {
  if (group !== undefined) return [group];
  try {
    const groups = await source.groups();
    if (groups.length === 0) {
      findings.push(
        finding('warn', 'record', `no group has a record in ${source.name}; check the name, or start a replica`),
      );
    }
    return groups;
  } catch (error) {
    findings.push(finding('wrong', 'coordinator', sentenceOf(error)));
    return [];
  }
}

async function findingsOf(source: Source, group: string, identity: OperatorIdentity): Promise<readonly Finding[]> {
  try {
    return await withCoordinator(source, group, async (coordinator) => {
      const status = await liveStatus(coordinator, group, source.name, identity);
      const reach = await reachFindings(status, identity);
      return [...groupFindings(status), ...reach, ...clockFindings(status)];
    });
  } catch (error) {
    return [finding('wrong', 'record', sentenceOf(error))];
  }
}

const sentenceOf = (error: unknown): string => failureOf(error).message.replace(/^UNDERSTUDY_[A-Z_]+: /, '');

function lineOf({ severity, check, group, replica, text }: Finding): string {
  const who = [group, replica].filter((name) => name !== undefined).map((name) => clip(name, NAME_MAX));
  const where = who.length === 0 ? '' : `${who.join(' ')}: `;
  return `${severity.padEnd(5)}  ${check.padEnd(11)}  ${where}${clip(text, TEXT_MAX)}`;
}
