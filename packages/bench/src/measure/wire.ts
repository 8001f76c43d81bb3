/** Bytes and messages between the processes. */
import type { Flow, ProxyCommands, Traffic } from '../ipc/commands.js';
import type { Stage } from '../processes/stage.js';
import { attempt, type Finding } from './attempts.js';
import type { Bench } from './settings.js';
import { isWhole, openSite, type Site } from './site.js';
import { watch } from './stretch.js';
import type { Variant } from './variants.js';

const REST_SECONDS = 1;
const NOTHING: Flow = { bytes: 0, messages: 0, headers: 0 };

/** The messages and bytes that passed, by the kind of connection and the direction. */
export interface Flows {
  readonly clientToPrimary: Flow;
  readonly primaryToClient: Flow;
  /** All backups together. */
  readonly clientToBackups: Flow;
  readonly backupsToClient: Flow;
  /** All connections between replicas, both directions. */
  readonly betweenReplicas: Flow;
}

interface Counts {
  readonly variant: string;
  /** In a second without calls. */
  readonly atRest: Flows;
  /** For each call, at one call in flight. */
  readonly one: Flows;
  /** For each call, at full load. */
  readonly full: Flows;
}

export interface VariantWire extends Counts {
  /** See `Attempted`. */
  readonly disturbed: number;
}

/** Counts what passes between the processes, with a proxy between them that no other measurement uses. */
export async function measureWire(bench: Bench, variants: readonly Variant[]): Promise<readonly VariantWire[]> {
  const results: VariantWire[] = [];
  for (const variant of variants) {
    bench.progress(`counting bytes and messages: ${variant.name}`);
    const { result, disturbed } = await attempt(bench, (stage) => countVariant(stage, bench, variant));
    results.push({ ...result, disturbed });
  }
  return results;
}

async function countVariant(stage: Stage, { settings }: Bench, variant: Variant): Promise<Finding<Counts>> {
  const proxy = stage.start<ProxyCommands>('proxy', 'proxy', []);
  const site = await openSite(stage, variant, { replicas: settings.replicas, proxy });
  const flows = async (): Promise<Flows> => flowsOf(site, await proxy.ask('traffic'));
  const beforeRest = await flows();
  await stage.pass(REST_SECONDS);
  const atRest = perUnit(beforeRest, await flows(), REST_SECONDS);

  const underLoad = async (inFlight: number): Promise<Flows> => {
    await site.driver.ask('load', inFlight);
    await stage.pass(settings.warmUpSeconds);
    const { callsPerSecond } = await watch(stage, site, settings.seconds);
    await stage.until('all calls are answered', site.driver.ask('stop'));
    // Count from rest to rest, so that everything counted belongs to exactly these calls.
    const before = await flows();
    const calls = Math.ceil(callsPerSecond * settings.seconds);
    await stage.until(`${calls} calls`, site.driver.ask('drive', calls, inFlight));
    return perUnit(before, await flows(), calls);
  };
  const full = await underLoad(settings.inFlight);
  const one = await underLoad(1);
  return { result: { variant: variant.name, atRest, full, one }, whole: await isWhole(site) };
}

export function flowsOf({ group }: Site, traffic: Readonly<Record<string, Traffic>>): Flows {
  const through = (doors: readonly string[], direction: keyof Traffic): Flow =>
    doors.map((door) => traffic[door]?.[direction] ?? NOTHING).reduce(plus, NOTHING);
  if (group === undefined) {
    const doors = Object.keys(traffic);
    const [there, back] = [through(doors, 'there'), through(doors, 'back')];
    const none = { clientToBackups: NOTHING, backupsToClient: NOTHING, betweenReplicas: NOTHING };
    return { clientToPrimary: there, primaryToClient: back, ...none };
  }
  const primary = group.primary.doors.forClients;
  const backups = group.doors.map(({ forClients }) => forClients).filter((door) => door !== primary);
  const peers = group.doors.map(({ forPeers }) => forPeers);
  return {
    clientToPrimary: through([primary], 'there'),
    primaryToClient: through([primary], 'back'),
    clientToBackups: through(backups, 'there'),
    backupsToClient: through(backups, 'back'),
    betweenReplicas: plus(through(peers, 'there'), through(peers, 'back')),
  };
}

export const plus = (a: Flow, b: Flow): Flow => ({
  bytes: a.bytes + b.bytes,
  messages: a.messages + b.messages,
  headers: a.headers + b.headers,
});

export const sumOf = (flows: Flows): Flow => Object.values(flows).reduce(plus, NOTHING);

export function perUnit(before: Flows, after: Flows, units: number): Flows {
  const of = (kind: keyof Flows): Flow => ({
    bytes: (after[kind].bytes - before[kind].bytes) / units,
    messages: (after[kind].messages - before[kind].messages) / units,
    headers: (after[kind].headers - before[kind].headers) / units,
  });
  return {
    clientToPrimary: of('clientToPrimary'),
    primaryToClient: of('primaryToClient'),
    clientToBackups: of('clientToBackups'),
    backupsToClient: of('backupsToClient'),
    betweenReplicas: of('betweenReplicas'),
  };
}
