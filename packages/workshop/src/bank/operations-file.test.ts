import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateOperations } from './generate-operations.js';
import { OperationsFileError, readOperations } from './operations-file.js';

const SHIPPED = fileURLToPath(new URL('../../data/operations.csv', import.meta.url));
const HEADER = 'id,operation,account,to,amount_cents';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'operations-file-'));
});
afterAll(() => rm(dir, { recursive: true }));

async function fileOf(text: string): Promise<string> {
  const path = join(dir, 'operations.csv');
  await writeFile(path, text);
  return path;
}

describe('a file of operations', () => {
  it('with a byte order mark, quotes and empty lines is read completely', async () => {
    const path = await fileOf(
      `\ufeff${HEADER}\r\n1,deposit,"a, b",,5\r\n\r\n3,transfer,"a, b",c,7\r\n4,balance,c,,\r\n`,
    );
    expect(await readOperations(path)).toEqual([
      { kind: 'deposit', id: 1, account: 'a, b', to: '', amountCents: 5 },
      { kind: 'transfer', id: 3, account: 'a, b', to: 'c', amountCents: 7 },
      { kind: 'balance', id: 4, account: 'c' },
    ]);
  });

  it.each([
    ['1,deposit,a,,5\n2,deposit,a,,-5', 3, 'the amount must be'],
    ['1,deposit,a,,0', 2, 'the amount must be'],
    ['1,deposit,a,,1.5', 2, 'the amount must be'],
    ['1,deposit,a,,1000000001', 2, 'the amount must be'],
    ['0,deposit,a,,5', 2, 'the id must be'],
    ['x,deposit,a,,5', 2, 'the id must be'],
    ['2147483648,deposit,a,,5', 2, 'the id must be'],
    ['7,deposit,a,,5\n\n7,deposit,a,,5', 4, 'line 2 has the id 7 already'],
    ['1,steal,a,,5', 2, '"steal" is not an operation'],
    ['1,deposit,,,5', 2, 'the account must have'],
    ['1,deposit,a,b,5', 2, 'a deposit has no account to transfer to'],
    ['1,transfer,a,,5', 2, 'the account to transfer to must have'],
    ['1,transfer,a,a,5', 2, 'two different accounts'],
    ['1,balance,a,,5', 2, 'a balance has no amount'],
    ['1,deposit,a,5', 2, 'the line has 4 columns; it must have 5'],
    [`1,deposit,"${'a'.repeat(1_200)}",,5`, 2, 'Max Record Size'],
    ['1,deposit,"a,,5', 2, 'Quote'],
  ])('with the line %.40s … is refused, and the error names the line', async (lines, line, reason) => {
    const path = await fileOf(`${HEADER}\n${lines}\n`);
    const error = await readOperations(path).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(OperationsFileError);
    expect((error as Error).message).toContain(reason);
    expect((error as Error).message).toMatch(new RegExp(`^${path}:${line}: `));
  });

  it('is refused if it has no header, has no operations, or does not exist', async () => {
    await expect(readOperations(await fileOf('1,deposit,a,,5\n'))).rejects.toThrow(/:1: the first line must be id,/);
    await expect(readOperations(await fileOf(`${HEADER}\n`))).rejects.toThrow(/the file has no operation/);
    await expect(readOperations(await fileOf(''))).rejects.toThrow(/the file has no operation/);
    await expect(readOperations(join(dir, 'none.csv'))).rejects.toThrow(OperationsFileError);
    await expect(readOperations(dir)).rejects.toThrow(OperationsFileError);
  });
});

describe('the file of operations that ships', () => {
  it('equals the output of the generator', async () => {
    expect(await readFile(SHIPPED, 'utf8')).toBe(`${[...generateOperations()].join('\n')}\n`);
  });

  it('holds 20,000 valid operations of all four kinds', async () => {
    const operations = await readOperations(SHIPPED);
    expect(operations).toHaveLength(20_000);
    expect(new Set(operations.map(({ kind }) => kind)).size).toBe(4);
  });
});
