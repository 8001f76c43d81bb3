import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocksOf } from './markdown.js';
import { allPages, ROOT } from './pages.js';

/** A block of code is a program if its first line says the name of its file: `// server.js`. */
const PROGRAM = /^\/\/ ([\w.-]+\.[jt]s)\b/;

/** The tests that run the programs of a page. The programs of all other pages are compiled here. */
const RUN_BY: Readonly<Record<string, string>> = {
  'README.md': 'integration/publish/publish.test.ts',
  'packages/docs/start.md': 'integration/frameworks/start.test.ts',
  'packages/nestjs/README.md': 'integration/frameworks/readmes.test.ts',
  'packages/nice-grpc/README.md': 'integration/frameworks/readmes.test.ts',
  'packages/otel/README.md': 'integration/frameworks/readmes.test.ts',
  'packages/testing/README.md': 'packages/testing/src/readme.test.ts',
};

const programs = allPages().flatMap(({ path, text }) =>
  blocksOf(text)
    .map(({ code, line }) => ({ page: path, line, name: PROGRAM.exec(code)?.[1] ?? '', code }))
    .filter(({ name }) => name !== ''),
);
const pages = [...new Set(programs.map(({ page }) => page))];

const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const HOW = '--noEmit --allowJs --checkJs --module nodenext --target es2022 --types node --skipLibCheck --ignoreConfig';

/** What programs import of files that are the reader's own. */
const OWN_IMPORT = /import \{ ([^}]+) \} from '(\.\/[\w-]+)\.js'/g;

/** Compiles the programs of a page, together. Files that are the reader's own have whatever is imported from them. */
function compile(page: string): void {
  const directory = mkdtempSync(join(ROOT, 'packages/docs/readme-'));
  try {
    const own = programs.filter((program) => program.page === page);
    for (const { name, code } of own) writeFileSync(join(directory, name), code);
    for (const [, names = '', file = ''] of own.flatMap(({ code }) => [...code.matchAll(OWN_IMPORT)])) {
      if (existsSync(join(directory, `${file}.js`)) || existsSync(join(directory, `${file}.ts`))) continue;
      const declared = names.split(',').map((name) => `export const ${name.trim()}: any;\n`);
      writeFileSync(join(directory, `${file}.d.ts`), declared.join(''));
    }
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    execFileSync(process.execPath, [TSC, ...HOW.split(' '), ...own.map(({ name }) => name)], {
      cwd: directory,
      encoding: 'utf8',
    });
  } catch (error) {
    throw new Error(`the programs of ${page} do not compile:\n${(error as { stdout?: string }).stdout ?? error}`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('programs in pages', () => {
  for (const page of pages.filter((page) => !Object.hasOwn(RUN_BY, page))) {
    it(`of ${page} compile`, () => compile(page));
  }

  it('are run by tests that exist, of pages that have programs', () => {
    for (const [page, test] of Object.entries(RUN_BY)) {
      expect(pages).toContain(page);
      expect(existsSync(join(ROOT, test)), test).toBe(true);
    }
  });

  it('of the start page are written out by the test that runs them', () => {
    expect(readFileSync(join(ROOT, 'integration/frameworks/start.test.ts'), 'utf8')).toContain("'start.md'");
  });
});
