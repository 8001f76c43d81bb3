/** The service that is measured, with its client. */
import type { Child } from '../ipc/child.js';
import type { DriverCommands, ProcessCommands, ProxyCommands } from '../ipc/commands.js';
import { Group, type GroupOptions } from '../processes/group.js';
import type { Stage } from '../processes/stage.js';
import type { Mode } from '../service/service-config.js';
import type { Variant } from './variants.js';

/** A running service, and a client process that is connected to it. */
export interface Site {
  readonly driver: Child<DriverCommands>;
  readonly primary: Child<ProcessCommands>;
  readonly backups: readonly Child<ProcessCommands>[];
  /** Undefined for the bare service. */
  readonly group: Group | undefined;
}

export interface SiteOptions extends GroupOptions {
  /** Number of client objects in the client process. Default 1. */
  readonly clients?: number;
}

export async function openSite(stage: Stage, variant: Variant, options: SiteOptions): Promise<Site> {
  if (variant.mode !== undefined) return openGroup(stage, variant.mode, options);
  const server = stage.start<ProcessCommands>('bare-server', 'bare-server', []);
  const address = String(await stage.until('the bare server listens', server.nextNews()));
  const target = options.proxy === undefined ? address : await openDoor(options.proxy, address);
  const driver = await connect(stage, target, undefined, options.clients);
  return { driver, primary: server, backups: [], group: undefined };
}

export async function openGroup(stage: Stage, mode: Mode, options: SiteOptions): Promise<Site & { group: Group }> {
  const group = await Group.start(stage, mode, options);
  const driver = await connect(stage, group.target, mode, options.clients);
  return { driver, primary: group.primary.child, backups: group.backups, group };
}

const openDoor = (proxy: Child<ProxyCommands>, target: string): Promise<string> => proxy.ask('open', target);

/** Starts a client process with `clients` client objects. */
export async function connect(
  stage: Stage,
  target: string,
  mode: Mode | undefined,
  clients = 1,
): Promise<Child<DriverCommands>> {
  const driver = stage.start<DriverCommands>('driver', 'driver', []);
  await stage.until('the driver is connected', driver.ask('connect', { target, mode, clients }));
  return driver;
}

/** Whether the group stayed as it was formed. Always true for the bare service. */
export const isWhole = async ({ group }: Site): Promise<boolean> => (await group?.undisturbed()) ?? true;

/**
 * Waits until all open calls are answered, and until all replicas have come equally far.
 *
 * @param someFailed whether calls failed, so that not each of them has an order
 */
export async function endLoad(stage: Stage, { driver, group }: Site, someFailed = false): Promise<void> {
  const calls = await stage.until('all calls are answered', driver.ask('stop'));
  await group?.agree(stage, someFailed ? 0 : calls);
}
