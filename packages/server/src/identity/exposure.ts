/** Knows where a server listens, to tell whether other machines can reach it. */
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { setupError } from '../checks/setup-error.js';
import { requireCertificates } from './certificate-names.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?|\[?::ffff:127(?:\.\d{1,3}){3}\]?)$/i;

/**
 * Whether only processes of this machine reach a target of grpc-js. A host name counts as reachable from elsewhere,
 * because it was not looked up.
 */
export function isLoopback(target: string): boolean {
  if (/^unix(-abstract)?:/.test(target)) return true;
  const host = target.replace(/^(?:dns:(?:\/\/[^/]*\/)?|ipv[46]:)/, '').replace(/:\d+$/, '');
  return LOOPBACK.test(host);
}

/** The targets that a server was bound to. */
export class Exposure {
  #bound: { readonly target: string; readonly certificates: boolean }[] = [];

  forget(target: string): void {
    this.#bound = this.#bound.filter((bound) => bound.target !== target);
  }

  note(target: string, credentials: ServerCredentials): void {
    this.#bound.push({ target, certificates: requireCertificates(credentials) });
  }

  get isBound(): boolean {
    return this.#bound.length > 0;
  }

  /**
   * @param announced stands in for the target of a server that was bound before `attach`
   * @returns a target that other machines reach; undefined if there is none
   */
  beyondLoopback(announced: string): string | undefined {
    const targets = this.#bound.length > 0 ? this.#bound.map(({ target }) => target) : [announced];
    return targets.find((target) => !isLoopback(target));
  }

  /** The target at which the server listens; undefined if it was bound before `attach`. */
  get target(): string | undefined {
    return this.#bound.find(({ target }) => !/^unix/.test(target))?.target;
  }

  /** A target at which callers need no certificate; undefined if there is none. */
  get withoutCertificates(): string | undefined {
    return this.#bound.find(({ certificates }) => !certificates)?.target;
  }
}

/**
 * Notes where a server listens, and keeps it from being bound where it must not be.
 *
 * @param refuses says in a sentence what is wrong with where the server listens now; undefined if nothing is
 */
export function watchBinding(server: Server, exposure: Exposure, refuses: () => string | undefined): void {
  const { bindAsync } = server;
  server.bindAsync = (target, credentials, callback) => {
    bindAsync.call(server, target, credentials, (error, port) => {
      if (error === null) exposure.note(target, credentials);
      const problem = error === null ? refuses() : undefined;
      if (problem === undefined) {
        callback(error, port);
        return;
      }
      exposure.forget(target);
      server.unbind(target.replace(/:0+$/, `:${port}`));
      callback(setupError(problem), 0);
    });
  };
}
