/** Checks a grpc-js server for mistakes that would otherwise show only later, to callers. */
import { Server } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import type { GroupConfig } from '@understudy/core/internal';
import { messageOf } from '@understudy/grpc-common';
import { setupError } from './setup-error.js';

/**
 * The fields of a grpc-js server that have no public access. Where a later version keeps them elsewhere, nothing is
 * checked.
 */
interface Inside {
  readonly handlers?: unknown;
  readonly boundPorts?: unknown;
}

interface BoundPort {
  readonly completionPromise?: Promise<number> | null;
}

const pathsOf = (server: Server): string[] | undefined => {
  const { handlers } = server as unknown as Inside;
  return handlers instanceof Map ? [...handlers.keys()].map(String) : undefined;
};

/** A method that was registered before `attach`. */
export interface EarlyMethod {
  readonly path: string;
  readonly func: unknown;
  readonly serialize: unknown;
  readonly deserialize: unknown;
  readonly type: unknown;
}

/** The methods that `server` has already, so that they can be captured like those that are added later. */
export function earlyMethods(server: Server): EarlyMethod[] {
  const { handlers } = server as unknown as Inside;
  return handlers instanceof Map ? [...(handlers as Map<string, EarlyMethod>).values()] : [];
}

/**
 * A server of another copy of grpc-js does not know this copy's credentials and resolvers, and its errors name neither.
 *
 * @throws UNDERSTUDY_SETUP
 */
export function checkSameGrpc(server: unknown): void {
  if (server instanceof Server) return;
  throw setupError(TWO_COPIES);
}

const TWO_COPIES =
  'attach() was given no Server of the grpc-js that @understudy/server uses; if it is a Server, two copies are installed: ' +
  '`npm ls @grpc/grpc-js` shows them, `npm dedupe` or `overrides` in package.json leave one';

/**
 * Waits until a server that is being bound is bound.
 *
 * @throws UNDERSTUDY_SETUP if it is not, with the reason
 */
export async function awaitBound(server: Server): Promise<void> {
  const { boundPorts } = server as unknown as Inside;
  if (!(boundPorts instanceof Map)) return;
  const problems: string[] = [];
  for (const { completionPromise } of boundPorts.values() as Iterable<BoundPort>) {
    try {
      await completionPromise;
      return;
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  const why = problems.length === 0 ? 'bindAsync was not called, or has not called back' : problems.join('; ');
  throw setupError(
    `the server is not bound (${why}), so no other replica would reach it; call start() in the callback of ` +
      'server.bindAsync, once it has no error',
  );
}

/**
 * Refuses settings of a method that no service has: its name is misspelt, and the method that was meant has other
 * settings.
 *
 * @throws UNDERSTUDY_CONFIG
 */
export function checkMethods(server: Server, config: GroupConfig): void {
  const paths = pathsOf(server);
  if (paths === undefined) return;
  const services = new Set(paths.map((path) => path.split('/')[1]));
  for (const { service, method } of config.methods) {
    if (service === '') continue;
    const known = method === '' ? services.has(service) : paths.includes(`/${service}/${method}`);
    if (known) continue;
    const inService = paths.filter((path) => path.startsWith(`/${service}/`)).map((path) => path.split('/')[2]);
    const others =
      inService.length > 0 ? `${service} has ${inService.join(', ')}` : `it has ${[...services].join(', ')}`;
    const name = method === '' ? `the service ${service}` : `the method ${service}/${method}`;
    throw new UnderstudyError(
      'UNDERSTUDY_CONFIG',
      `\`methods\` of the service config names ${name}, which this server does not have (${others}); correct the name, ` +
        'or add the service before start()',
    );
  }
}
