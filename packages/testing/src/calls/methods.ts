/** The methods of a service under test, by the names that tests use. */
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';

export type AnyMethod = MethodDefinition<unknown, unknown>;

/** Methods by their paths. */
export class MethodTable {
  readonly #methods = new Map<string, AnyMethod>();

  add(service: ServiceDefinition): void {
    for (const method of Object.values(service)) this.#methods.set(method.path, method);
  }

  /**
   * @param name `/bank.v1.Bank/Deposit`, `Bank/Deposit` or `Deposit`; the case of the method's first letter does not matter
   * @throws UNDERSTUDY_SETUP if there is no such method, or more than one
   */
  get(name: string): AnyMethod {
    const exact = this.#methods.get(name);
    if (exact !== undefined) return exact;
    const found = [...this.#methods.values()].filter(({ path }) => isNamed(path, name));
    const [first] = found;
    if (first !== undefined && found.length === 1) return first;
    const known = (found.length > 1 ? found : [...this.#methods.values()]).map(({ path }) => path).join(', ');
    const problem = found.length > 1 ? 'several methods are' : 'no method is';
    throw new UnderstudyError('UNDERSTUDY_SETUP', `${problem} named ${JSON.stringify(name)}; give one of ${known}`);
  }
}

/** Whether the last parts of a path are `name`, up to the case of the method's first letter. */
function isNamed(path: string, name: string): boolean {
  const wanted = name.split('/').filter((part) => part !== '');
  const parts = path.split('/').slice(-wanted.length);
  return wanted.length > 0 && wanted.every((part, i) => matches(parts[i] ?? '', part, i === wanted.length - 1));
}

function matches(given: string, wanted: string, isMethod: boolean): boolean {
  if (given === wanted) return true;
  if (!isMethod) return given.endsWith(`.${wanted}`);
  return given.slice(1) === wanted.slice(1) && given[0]?.toLowerCase() === wanted[0]?.toLowerCase();
}
