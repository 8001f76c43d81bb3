/** Reads the logs of Jepsen's register test. */
import type { RegisterInput, RegisterOperation, RegisterOutput } from '../models/register-map.js';

/** A line of the log has a wrong format, or contradicts the lines before it. */
export class JepsenLogError extends Error {
  override readonly name = 'JepsenLogError';

  constructor(
    readonly line: number,
    reason: string,
  ) {
    super(`line ${line}: ${reason}`);
  }
}

/** The name of the register, which has none in these logs. */
const KEY = 'register';

const LINE = /^INFO +jepsen\.util - (\d+)\t:(invoke|ok|fail|info)\t:(read|write|cas)\t(.+)$/;

interface JepsenCall {
  readonly process: number;
  readonly function: string;
  readonly value: string;
  readonly input: RegisterInput;
  readonly invokedAt: number;
}

/**
 * Reads a log. It has a line `INFO  jepsen.util - <process>\t:<type>\t:<function>\t<value>` for each call (`:invoke`)
 * and for its end. `:ok` is an answer. A call that ends with `:fail` had no effect and is left out. A call that ends
 * with `:info`, or never, has an unknown outcome. Times are line numbers.
 *
 * @throws {JepsenLogError}
 */
export function parseJepsenLog(text: string): readonly RegisterOperation[] {
  const open = new Map<number, JepsenCall>();
  const operations: RegisterOperation[] = [];
  for (const [at, content] of text.split(/\r?\n/).entries()) {
    if (content.trim() === '') continue;
    const line = at + 1;
    const [, processText, type, name, value] = LINE.exec(content) ?? [];
    if (processText === undefined || name === undefined || value === undefined) {
      throw new JepsenLogError(line, `not an operation: ${JSON.stringify(content)}`);
    }
    const process = Number(processText);
    const call = open.get(process);
    if (type === 'invoke') {
      if (call !== undefined) {
        throw new JepsenLogError(line, `process ${process} is still in its call of line ${call.invokedAt}`);
      }
      open.set(process, { process, function: name, value, input: inputOf(line, name, value), invokedAt: line });
      continue;
    }
    if (call?.function !== name) throw new JepsenLogError(line, `process ${process} is in no :${name}`);
    open.delete(process);
    if (type === 'ok') operations.push({ ...ended(call, line), output: outputOf(line, call, value) });
    if (type === 'info') operations.push(unknown(call));
  }
  for (const call of open.values()) operations.push(unknown(call));
  return operations;
}

function ended({ process, input, invokedAt }: JepsenCall, completedAt: number) {
  return { process, input, invokedAt, completedAt };
}

function unknown(call: JepsenCall): RegisterOperation {
  return { ...ended(call, Number.POSITIVE_INFINITY), output: undefined };
}

function inputOf(line: number, name: string, value: string): RegisterInput {
  if (name === 'read') {
    if (value !== 'nil') throw new JepsenLogError(line, `a call of :read takes nil, not ${value}`);
    return { kind: 'get', key: KEY };
  }
  if (name === 'write') return { kind: 'set', key: KEY, value: numberOf(line, value) };
  const [, from, to] = /^\[(\S+) (\S+)\]$/.exec(value) ?? [];
  if (from === undefined || to === undefined) throw new JepsenLogError(line, `:cas takes [from to], not ${value}`);
  return { kind: 'cas', key: KEY, from: numberOf(line, from), to: numberOf(line, to) };
}

function outputOf(line: number, call: JepsenCall, value: string): RegisterOutput {
  if (call.input.kind === 'get') return value === 'nil' ? null : numberOf(line, value);
  if (value !== call.value) {
    throw new JepsenLogError(line, `:${call.function} ${call.value} of line ${call.invokedAt} ends as ${value}`);
  }
  return true;
}

function numberOf(line: number, value: string): number {
  if (!/^-?\d+$/.test(value)) throw new JepsenLogError(line, `not a number: ${value}`);
  return Number(value);
}
