import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The modules of the thread, as `npm run build` compiled them, each after those that it imports. */
const MODULES = ['cells', 'line', 'dialled', 'main-watch', 'thread'];
const TARGET = new URL('thread-source.ts', import.meta.url);

const COMMENTS = /^\s*(?:\/\*\*?[\s\S]*?\*\/|\/\/.*)\n/gm;

/** One text that a thread can run: each module in a function of its own. */
function bundled(): string {
  const parts = MODULES.map((name) => {
    const code = readFileSync(new URL(`../../dist/liveness/${name}.js`, import.meta.url), 'utf8');
    const plain = code.replace(/\n\/\/# sourceMappingURL.*\n?$/, '\n').replace(COMMENTS, '');
    return `modules[${JSON.stringify(`./${name}.js`)}] = (exports, require) => {\n${plain}};\n`;
  });
  return `const modules = {};
const loaded = {};
const load = (name) => {
  if (modules[name] === undefined) return require(name);
  if (loaded[name] === undefined) modules[name]((loaded[name] = {}), load);
  return loaded[name];
};
${parts.join('')}load('./thread.js');
`;
}

const file = (text: string): string => `/**
 * The modules of the liveness thread as one text. Made of them by \`REWRITE_THREAD=1 npx vitest run thread-source\` after a
 * build.
 */
export const THREAD_SOURCE =
  ${quoted(text)};
`;

const quoted = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

it('the text that the thread runs is made of its present modules', () => {
  if (process.env.REWRITE_THREAD !== undefined) writeFileSync(TARGET, file(bundled()));
  expect(readFileSync(TARGET, 'utf8')).toBe(file(bundled()));
});
