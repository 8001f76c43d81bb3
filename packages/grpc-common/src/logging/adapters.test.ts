import { expect, it } from 'vitest';
import { logTo, logToConsole } from './adapters.js';

type Line = readonly [level: string, ...args: unknown[]];

function recording(): {
  lines: Line[];
  logger: Record<'debug' | 'info' | 'warn' | 'error', (...args: unknown[]) => void>;
} {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (...args: unknown[]): void =>
      void lines.push([level, ...args]);
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

it('pino gets the fields of an event, and then its text, at its level', () => {
  const { lines, logger } = recording();
  const ours = logTo(logger);
  ours.log('warn', 'a peer is silent', { group: 'bank', term: 2 });
  ours.log('debug', 'link ended', {});
  expect(lines).toEqual([
    ['warn', { group: 'bank', term: 2 }, 'a peer is silent'],
    ['debug', {}, 'link ended'],
  ]);
});

it('a logger whose methods need their object is called on it', () => {
  class Strict {
    readonly lines: string[] = [];
    #take(text: string): void {
      this.lines.push(text);
    }
    debug(_fields: object, text: string): void {
      this.#take(text);
    }
    info = this.debug;
    warn = this.debug;
    error = this.debug;
  }
  const strict = new Strict();
  logTo(strict).log('error', 'it failed', {});
  expect(strict.lines).toEqual(['it failed']);
});

it('a console gets one line for an event, and none below the level that is wanted', () => {
  const { lines, logger } = recording();
  const fields = { group: 'bank', term: 2, reason: 'two words\nand a line', absent: undefined };
  logToConsole(logger).log('error', 'it failed', fields);
  logToConsole(logger).log('debug', 'link ended', {});
  logToConsole(logger, 'debug').log('debug', 'link ended', {});
  logToConsole(logger, 'warn').log('info', 'serving', {});
  expect(lines).toEqual([
    ['error', 'it failed group=bank term=2 reason="two words\\nand a line"'],
    ['debug', 'link ended'],
  ]);
});
